/** In which PID namespace a container of a pod has its processes (CRI NamespaceOption.pid). */
import type { SecurityRequest } from '../container/request.ts';
import type { SpecFacts } from '../container/spec.ts';
import { statusOf } from '../container/status.ts';
import type { NodeContext } from '../context.ts';
import { runtimeError } from '../errors.ts';
import type { SandboxRecord } from '../store/records.ts';
import { holderOf } from './pid-holder.ts';

/** Throws ERR_CONTAINER_INVALID for a target that is not of this pod or does not run, ERR_SANDBOX_NOT_READY. */
export async function pidNamespaceOf(
  context: NodeContext,
  sandbox: SandboxRecord,
  wanted: SecurityRequest['pid'],
): Promise<Pick<SpecFacts, 'pid'>> {
  const mode = wanted ?? sandbox.pidMode ?? 'container';
  if (mode === 'node' && sandbox.userMapping) {
    throw runtimeError(
      'ERR_CONTAINER_INVALID',
      'a container with users of its own cannot share processes with the host',
    );
  }
  if (mode === 'node') return { pid: 'host' };
  if (typeof mode === 'object') return { pid: { path: await targetPath(context, sandbox, mode.target) } };
  // A container may share with its pod only what the pod has: without the namespace each has its own.
  const path = sandbox.namespaces.pid;
  if (mode === 'container' || path === undefined) return {};
  if ((await holderOf(path)) === undefined) {
    throw runtimeError('ERR_SANDBOX_NOT_READY', `the PID namespace of sandbox ${sandbox.id} has ended`);
  }
  return { pid: { path } };
}

async function targetPath(context: NodeContext, sandbox: SandboxRecord, target: string): Promise<string> {
  const record = context.containers.find(target);
  if (record?.sandboxID !== sandbox.id) {
    throw runtimeError(
      'ERR_CONTAINER_INVALID',
      `the pod has no container ${JSON.stringify(target)} to share processes with`,
    );
  }
  const { state } = await statusOf(context, record);
  if (state !== 'running') {
    throw runtimeError(
      'ERR_CONTAINER_INVALID',
      `container ${record.id}, whose processes are to be shared, is ${state}`,
    );
  }
  return `/proc/${record.pid}/ns/pid`;
}
