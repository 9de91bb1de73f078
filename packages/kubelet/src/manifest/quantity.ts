/** Quantities of Kubernetes: `250m` of a CPU, `64Mi` of memory (apimachinery, resource.Quantity). */
import type { Reader } from './reader.ts';

const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
/** Powers of ten by suffix. */
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const FORM = /^\+?(\d{1,20})(?:\.(\d{0,20}))?(?:([eE])([+-]?\d{1,2})|([A-Za-z]{0,2}))$/;

/** How many 10^-9 units `text` says, rounded up; undefined for what is no quantity or negative. */
export function nanoUnits(text: string): bigint | undefined {
  const [, digits = '', fraction = '', exponential, exponent = '0', suffix = ''] = FORM.exec(text) ?? [];
  if (digits === '') return undefined;
  const mantissa = BigInt(digits + fraction);
  const binary = suffix === '' ? 0 : BINARY.indexOf(suffix);
  const power = exponential ? Number(exponent) : binary > 0 ? 0 : DECIMAL[suffix];
  if (power === undefined) return undefined;
  const scale = power + 9 - fraction.length;
  const scaled = (binary > 0 ? 1024n ** BigInt(binary) : 1n) * mantissa;
  if (scale >= 0) return scaled * 10n ** BigInt(scale);
  const divisor = 10n ** BigInt(-scale);
  return (scaled + divisor - 1n) / divisor;
}

/** A quantity in whole parts of 10^-9 × `nano`, rounded up as a kubelet does. */
function quantity(nano: bigint, most: number): Reader<number> {
  return (value, path, faults) => {
    const written = typeof value === 'number' ? String(value) : value;
    const units = typeof written === 'string' ? nanoUnits(written) : undefined;
    const whole = units === undefined ? undefined : (units + nano - 1n) / nano;
    if (whole !== undefined && whole <= BigInt(most)) return Number(whole);
    faults.push(`${path}: must be a quantity such as 250m or 64Mi`);
    return undefined;
  };
}

/** Thousandths of a CPU. */
export const milliCpu = quantity(1_000_000n, 1_000_000_000);
/** Bytes. */
export const byteQuantity = quantity(1_000_000_000n, Number.MAX_SAFE_INTEGER);
