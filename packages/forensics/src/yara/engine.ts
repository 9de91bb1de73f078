/** YARA-X, which is there only where its package has a build for the machine. */
import { messageOf } from '@stillframe/core';
import { forensicsError } from '../errors.ts';
import { DEEPEST_RULE, tooDeep } from './nesting.ts';

/** A file of rules. */
export interface YaraSource {
  /** Name without folders; the namespace of its rules. */
  readonly name: string;
  readonly text: string;
}

/** One rule that some bytes match. */
export interface YaraMatch {
  readonly rule: string;
  readonly namespace: string;
  readonly tags: readonly string[];
  readonly meta: Readonly<Record<string, unknown>>;
  readonly strings: readonly { readonly identifier: string; readonly offset: number; readonly bytes: number }[];
}

/** Compiled rules. */
export interface YaraRules {
  scan(bytes: Buffer): Promise<readonly YaraMatch[]>;
}

interface Place {
  identifier: string;
  offset: number;
  length: number;
}

/** Matches of one string in one window. */
export const MATCHES = 10_000;

/**
 * Compiles each file by itself, so that two may have rules of one name. Throws ERR_FORENSICS_YARA_MISSING where there is no YARA-X,
 * ERR_FORENSICS_YARA_RULES for rules that are none. An `include` is one of these: it would read files that nobody named.
 */
export async function compileYara(sources: readonly YaraSource[]): Promise<YaraRules> {
  const { compile } = await loadYara();
  const compiled = sources.map(({ name, text }) => {
    const deep = tooDeep(text);
    if (deep) {
      const message = `${name}:${deep.line}: a rule nests deeper than ${DEEPEST_RULE} levels`;
      throw forensicsError('ERR_FORENSICS_YARA_RULES', message, { details: { file: name } });
    }
    try {
      const rules = compile(text, { enableIncludes: false });
      rules.setMaxMatchesPerPattern(MATCHES);
      return { name, rules };
    } catch (cause) {
      const [said = '', where = ''] = messageOf(cause).split('\n');
      const what = said.replace(/^Compilation error \(\w+\): error\[\w+\]: /, '');
      const at = /line:(\d+):(\d+)/.exec(where);
      const place = at ? `${name}:${at[1]}:${at[2]}` : name;
      throw forensicsError('ERR_FORENSICS_YARA_RULES', `${place}: ${what}`, { cause, details: { file: name } });
    }
  });
  return {
    async scan(bytes) {
      const found: YaraMatch[] = [];
      for (const { name, rules } of compiled) {
        for (const { ruleIdentifier, tags, meta, matches } of await rules.scanAsync(bytes)) {
          const strings = matches.map(({ identifier, offset, length }: Place) => ({
            identifier,
            offset,
            bytes: length,
          }));
          found.push({ rule: ruleIdentifier, namespace: name, tags, meta: { ...meta }, strings });
        }
      }
      return found;
    },
  };
}

async function loadYara(): Promise<typeof import('@litko/yara-x')> {
  try {
    return await import('@litko/yara-x');
  } catch (cause) {
    const where = `${process.platform} on ${process.arch}`;
    throw forensicsError('ERR_FORENSICS_YARA_MISSING', `there is no YARA-X for ${where} here`, { cause });
  }
}
