/** Quantities as people read them. */

const STEPS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** `1536` as `1.50 KiB`. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let step = 0;
  while (value >= 1024 && step < STEPS.length - 1) {
    value /= 1024;
    step += 1;
  }
  return `${step === 0 ? value : value.toFixed(value < 10 ? 2 : 1)} ${STEPS[step]}`;
}

/** Microseconds as `1.5 ms` or `2.31 s`. */
export function microsecondsText(us: number): string {
  if (us < 1000) return `${us} µs`;
  return us < 1_000_000 ? `${(us / 1000).toFixed(1)} ms` : `${(us / 1_000_000).toFixed(2)} s`;
}

/** Milliseconds, rounded, as `340 ms` or `2.3 s`. */
export function millisecondsText(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** An address as `0x…`. */
export function hexAddress(address: bigint): string {
  return `0x${address.toString(16)}`;
}
