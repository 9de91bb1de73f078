/**
 * The OCI runtimes of a node, by runtime handler (CRI RunPodSandbox, Kubernetes RuntimeClass). Which of them holds a
 * container is asked of their own folders, so that it is right whatever became of the node's records.
 */
import { runtimeError } from '../errors.ts';
import type { Bundle, OciRuntime, RestoreRequest } from './oci-runtime.ts';

/** A runtime that pods ask for by `name`; `reason` where it does not work here. */
export type RuntimeHandler = { name: string; oci: OciRuntime } | { name: string; reason: string };

/** Whatever names a container reaches the runtime that holds it, the default one where none does. */
export interface OciRuntimes extends Omit<OciRuntime, 'name' | 'version' | 'holds' | 'fit' | 'create' | 'restore'> {
  /** The default one first. */
  readonly handlers: readonly RuntimeHandler[];
  /** The one of a handler, the default one for an empty name. Throws ERR_RUNTIME_UNAVAILABLE. */
  named(handler: string): OciRuntime;
  of(containerID: string): OciRuntime;
  create(bundle: Bundle, handler: string): Promise<number>;
  restore(bundle: Bundle, request: RestoreRequest, handler: string): Promise<number>;
}

export function joinRuntimes(first: OciRuntime, others: readonly RuntimeHandler[] = []): OciRuntimes {
  const handlers = [{ name: first.name, oci: first }, ...others.filter(({ name }) => name !== first.name)];
  const working = handlers.flatMap((handler) => ('oci' in handler ? [handler.oci] : []));
  const of = (id: string) => working.find((oci) => oci.holds(id)) ?? first;
  const named = (name: string): OciRuntime => {
    if (name === '') return first;
    const found = handlers.find((handler) => handler.name === name);
    if (found && 'oci' in found) return found.oci;
    const why = found ? `does not work here: ${found.reason}` : 'is not known';
    throw runtimeError('ERR_RUNTIME_UNAVAILABLE', `runtime handler ${JSON.stringify(name)} ${why}`);
  };
  return {
    handlers,
    named,
    of,
    create: async (bundle, handler) => named(handler).create(bundle),
    restore: async (bundle, request, handler) => named(handler).restore(bundle, request),
    start: (id) => of(id).start(id),
    state: (id) => of(id).state(id),
    kill: (id, signal) => of(id).kill(id, signal),
    killAll: (id) => of(id).killAll(id),
    update: (id, resources) => of(id).update(id, resources),
    delete: (id) => of(id).delete(id),
    execCommand: (files) => of(files.containerID).execCommand(files),
    pause: (id) => of(id).pause(id),
    resume: (id) => of(id).resume(id),
    checkpoint: (id, request) => of(id).checkpoint(id, request),
  };
}
