/** A running node on the desk: what may be done to it is judged here, then done by the port as a job. */
import { parsePause } from '@stillframe/core';
import type { DeskCase } from '../case.ts';
import type { Cases } from '../cases.ts';
import type { LiveContainer, LivePod, LogAnswer, NodeAnswer } from '../contract/index.ts';
import { deskError } from '../errors.ts';
import { Jobs } from './jobs.ts';
import type { LiveNode, LiveTerminal } from './live-node.ts';

/** Pods that are listed. */
const MOST_PODS = 500;
/** Characters of a line of a log; lines. */
const LONGEST = 2000;
const MOST_LINES = 500;
const MOST_TERMINALS = 4;

export class DeskNode implements AsyncDisposable {
  readonly #node: LiveNode;
  readonly #cases: Cases;
  readonly #jobs: Jobs;
  #terminals = 0;

  constructor(node: LiveNode, cases: Cases, ending: AbortSignal) {
    this.#node = node;
    this.#cases = cases;
    this.#jobs = new Jobs(ending);
  }

  /** Throws what the node throws, as where it has ended. */
  async facts(signal: AbortSignal): Promise<NodeAnswer> {
    const { runtime, socket, isOwn, canSign } = this.#node;
    const pods = await this.#node.pods(signal);
    const left = Math.max(0, pods.length - MOST_PODS);
    return { runtime, socket, isOwn, canSign, pods: pods.slice(0, MOST_PODS), left, jobs: this.#jobs.list() };
  }

  /** Throws ERR_DESK_NOT_FOUND for a container that the node does not have. */
  async log(id: string, signal: AbortSignal): Promise<LogAnswer> {
    const { container } = await this.#find(id, signal);
    const { lines, isCut } = await this.#node.log(id, signal);
    return {
      lines: lines.slice(-MOST_LINES).map((line) => (line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line)),
      isCut: isCut || lines.length > MOST_LINES,
      state: container.state,
    };
  }

  /** Throws ERR_DESK_NOT_FOUND, ERR_DESK_NOT_RUNNING, ERR_DESK_BUSY, and ERR_DESK_QUESTION for a pause that is none. */
  async capture(id: string, mostPause: string, signal: AbortSignal): Promise<string> {
    if (mostPause !== '' && parsePause(mostPause) === undefined)
      throw deskError('ERR_DESK_QUESTION', 'the longest pause is a time up to an hour, as 500ms or 2s');
    if (mostPause !== '' && !this.#node.isOwn)
      throw deskError('ERR_DESK_QUESTION', 'this runtime does not estimate how long a container will stand still');
    const { pod, container } = await this.#find(id, signal);
    const subject = `${pod.kubeNamespace}/${pod.name}/${container.name}`;
    if (container.state !== 'running') throw deskError('ERR_DESK_NOT_RUNNING', `${subject} does not run`);
    return this.#jobs.begin({ kind: 'checkpoint', subject, key: id }, async (watch) => {
      const { input, ...captured } = await this.#node.capture(id, { mostPause }, watch);
      return { capture: { ...captured, one: this.#cases.add(input).id } };
    });
  }

  /** Throws ERR_DESK_NOT_FOUND for a case that nothing can be restored from, ERR_DESK_SANDBOX, ERR_DESK_BUSY. */
  restore(one: DeskCase | undefined, options: { sinkhole: boolean; scrubTokens: boolean }): string {
    if (!this.#node.isOwn) throw deskError('ERR_DESK_SANDBOX', 'this runtime knows no forensic sandbox');
    const what = one?.what;
    if (!one || what === undefined) throw deskError('ERR_DESK_NOT_FOUND', 'the desk has no such checkpoint to restore');
    return this.#jobs.begin({ kind: 'restore', subject: one.name, key: `restore ${one.id}` }, async (watch) => ({
      copies: await this.#node.restore(what, options, watch),
    }));
  }

  /** Throws ERR_DESK_NOT_FOUND for a case that lies nowhere, ERR_DESK_QUESTION without a key, what registryTarget throws, ERR_DESK_BUSY. */
  push(one: DeskCase | undefined, { reference, sign }: { reference: string; sign: boolean }): string {
    const what = one?.what;
    if (!one || what === undefined)
      throw deskError('ERR_DESK_NOT_FOUND', 'the desk has no such checkpoint to be pushed');
    if (sign && !this.#node.canSign)
      throw deskError('ERR_DESK_QUESTION', 'there is no key to sign with: the desk was started without --sign-key');
    const options = { reference: this.#node.registryTarget(reference), sign };
    return this.#jobs.begin({ kind: 'push', subject: one.name, key: `push ${options.reference}` }, async (watch) => ({
      pushed: await this.#node.push(what, options, watch),
    }));
  }

  /** Throws ERR_DESK_NOT_FOUND for a pod that this desk did not make, ERR_DESK_BUSY. */
  async remove(sandbox: string, signal: AbortSignal): Promise<string> {
    const pod = (await this.#node.pods(signal)).find((each) => each.sandbox === sandbox && each.isOurs);
    if (!pod) throw deskError('ERR_DESK_NOT_FOUND', 'this desk made no such pod');
    const subject = `${pod.kubeNamespace}/${pod.name}`;
    return this.#jobs.begin({ kind: 'remove', subject, key: sandbox }, async (watch) => {
      watch.told('stopping and removing the pod');
      await this.#node.remove(sandbox, watch);
      return {};
    });
  }

  /**
   * A shell in a copy, and never in an original: evidence is not typed into. Throws ERR_DESK_NOT_FOUND, ERR_DESK_NOT_A_COPY,
   * ERR_DESK_NOT_RUNNING, ERR_DESK_BUSY, and what the node throws.
   */
  async terminal(
    id: string,
    size: { readonly columns: number; readonly rows: number },
    signal: AbortSignal,
  ): Promise<LiveTerminal> {
    const { pod, container } = await this.#find(id, signal);
    const subject = `${pod.kubeNamespace}/${pod.name}/${container.name}`;
    if (!pod.isOurs) throw deskError('ERR_DESK_NOT_A_COPY', `${subject} is no copy of this desk`);
    if (container.state !== 'running') throw deskError('ERR_DESK_NOT_RUNNING', `${subject} does not run`);
    if (this.#terminals >= MOST_TERMINALS)
      throw deskError('ERR_DESK_BUSY', `the desk has at most ${MOST_TERMINALS} terminals at once`);
    this.#terminals += 1;
    try {
      const opened = await this.#node.terminal(id, size, signal);
      let closing: Promise<void> | undefined;
      const close = () => {
        if (!closing) this.#terminals -= 1;
        closing ??= Promise.resolve(opened[Symbol.asyncDispose]());
        return closing;
      };
      return { ...opened, [Symbol.asyncDispose]: close };
    } catch (error) {
      this.#terminals -= 1;
      throw error;
    }
  }

  stop(job: string): void {
    this.#jobs.stop(job);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#jobs[Symbol.asyncDispose]();
  }

  async #find(id: string, signal: AbortSignal): Promise<{ pod: LivePod; container: LiveContainer }> {
    for (const pod of await this.#node.pods(signal)) {
      const container = pod.containers.find((each) => each.id === id);
      if (container) return { pod, container };
    }
    throw deskError('ERR_DESK_NOT_FOUND', 'the node has no such container');
  }
}
