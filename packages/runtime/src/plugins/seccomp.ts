/** A seccomp profile of a plugin as config.json has it (runtime-spec config-linux.md). */
import type { LinuxSeccomp } from '@stillframe/nri';
import type { SeccompProfile } from '../container/seccomp-profile.ts';

/** The OCI runtime judges the names and actions in it. */
export function specSeccomp(policy: LinuxSeccomp): SeccompProfile & Record<string, unknown> {
  return {
    defaultAction: policy.defaultAction,
    ...(policy.defaultErrno ? { defaultErrnoRet: policy.defaultErrno.value } : {}),
    ...(policy.architectures.length > 0 ? { architectures: policy.architectures } : {}),
    ...(policy.flags.length > 0 ? { flags: policy.flags } : {}),
    ...(policy.listenerPath ? { listenerPath: policy.listenerPath } : {}),
    ...(policy.listenerMetadata ? { listenerMetadata: policy.listenerMetadata } : {}),
    syscalls: policy.syscalls.map(({ names, action, errnoRet, args }) => ({
      names,
      action,
      ...(errnoRet ? { errnoRet: errnoRet.value } : {}),
      ...(args.length > 0
        ? {
            args: args.map(({ index, value, valueTwo, op }) => ({
              index,
              value: Number(value),
              valueTwo: Number(valueTwo),
              op,
            })),
          }
        : {}),
    })),
  };
}
