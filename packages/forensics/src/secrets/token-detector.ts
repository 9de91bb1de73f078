/** The plain kind of detector: a token that has a prefix of its own. */
import type { Candidate, Detector, Verdict } from './detector.ts';
import { exampleDoubt, holdsCrc, isRandom } from './proof.ts';

/** A token on its own: nothing that could belong to it stands before or behind. */
function standingAlone(source: string): string {
  return `(?<![A-Za-z0-9_-])(?:${source})(?![A-Za-z0-9_-])`;
}

/** How a plain token is found and told. */
export interface TokenForm extends Omit<Detector, 'verify' | 'isPassword' | 'isGeneral'> {
  /** Characters of the prefix, which is not random. */
  readonly prefix: number;
  /** Six characters at the end are a checksum over what stands between prefix and them. */
  readonly crc?: true;
  /** What else is to hold of it. */
  readonly facts?: (value: string) => Verdict['facts'];
}

/** A detector of such a token: random behind its prefix, its checksum told where it has one. */
export function tokenDetector({ prefix, crc, facts, ...form }: TokenForm): Detector {
  return {
    ...form,
    source: standingAlone(form.source),
    verify({ text }: Candidate): Verdict | undefined {
      const body = text.slice(prefix);
      const example = exampleDoubt(text);
      if (!isRandom(body) && example === undefined) return undefined;
      const holds = crc === true && holdsCrc(body);
      const doubt = example ?? (crc && !holds ? 'its checksum does not hold' : undefined);
      return { value: text, proof: holds ? 'checksum' : 'form', doubt, facts: facts?.(text) };
    },
  };
}

/** A detector of a value behind its name: group 1 of `value` is the secret. */
export function namedDetector(
  form: Omit<Detector, 'verify'>,
  value: RegExp,
  judge: (secret: string, candidate: Candidate) => Omit<Verdict, 'value'> | undefined,
): Detector {
  return {
    ...form,
    verify(candidate) {
      const secret = value.exec(candidate.text)?.[1];
      if (secret === undefined) return undefined;
      const verdict = judge(secret, candidate);
      return verdict && { value: secret, ...verdict };
    },
  };
}
