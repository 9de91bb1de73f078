/** Stop signals between the CRI's list, which has numbers of its own, and the names that the kernel knows. */
import { signalName, signalNumber } from '@stillframe/runtime';
import { Signal } from '../proto.ts';

/** Names in the CRI's list and their numbers there. */
const LISTED: ReadonlyMap<string, Signal> = new Map(Object.entries(Signal));

/** The name for the kernel, `SIGRTMIN+3` for SIGRTMINPLUS3; undefined for the runtime's default. */
export function signalFrom(signal: Signal): string | undefined {
  if (signal === Signal.RUNTIME_DEFAULT) return undefined;
  const [name] = [...LISTED].find(([, number]) => number === signal) ?? [];
  return name?.replace('PLUS', '+').replace('MINUS', '-');
}

/** The member of the CRI's list, the default's where no name is given or the name is none of them. */
export function signalView(name: string | undefined): Signal {
  const number = signalNumber(name ?? '');
  if (number === undefined) return Signal.RUNTIME_DEFAULT;
  return LISTED.get(signalName(number).replace('+', 'PLUS').replace('-', 'MINUS')) ?? Signal.RUNTIME_DEFAULT;
}
