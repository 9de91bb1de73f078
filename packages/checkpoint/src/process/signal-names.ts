/** Names of signals (signal(7)), whatever machine reads the checkpoint. */

const NAMES =
  'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS'.split(
    ' ',
  );
/** The first real-time signal that programs may use, and the last. */
const RTMIN = 34;
const RTMAX = 64;

/** `SIGTERM`; `SIGRTMIN+n` up to the middle, `SIGRTMAX-n` from there; `SIG32` for one without a name. */
export function signalNameOf(signal: number): string {
  const name = NAMES[signal - 1];
  if (name !== undefined) return `SIG${name}`;
  if (signal === RTMIN) return 'SIGRTMIN';
  if (signal === RTMAX) return 'SIGRTMAX';
  if (signal < RTMIN || signal > RTMAX) return `SIG${signal}`;
  return signal - RTMIN <= 15 ? `SIGRTMIN+${signal - RTMIN}` : `SIGRTMAX-${RTMAX - signal}`;
}

/** The signals of a mask of the kernel, in which bit n-1 stands for signal n. */
export function signalsOfMask(mask: bigint): readonly string[] {
  const names: string[] = [];
  for (let signal = 1; signal <= RTMAX; signal += 1) {
    if ((mask >> BigInt(signal - 1)) & 1n) names.push(signalNameOf(signal));
  }
  return names;
}
