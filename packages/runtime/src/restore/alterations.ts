/** What a request wants changed in a copy, and how a copy that was changed is marked. */
import { isObject } from '@stillframe/core';
import { runtimeError } from '../errors.ts';
import { VOLUMES_ANNOTATION } from './volumes.ts';

/** `true`: tokens of service accounts are overwritten wherever they are found. */
const SCRUB = 'io.stillframe.restore/scrub-tokens';
/** A JSON object of variables that get another value in the memory of the processes that have them. */
const ENVIRONMENT = 'io.stillframe.restore/set-env';
const PREFIX = 'io.stillframe.restore/';
const KNOWN = new Set([SCRUB, ENVIRONMENT, VOLUMES_ANNOTATION]);
/** Annotation that the node gives to an altered copy, and every later checkpoint of it carries. */
export const ALTERED = 'io.stillframe.altered';
/** Variables that one request may set. */
const VARIABLES = 1000;

export interface Alterations {
  scrubTokens: boolean;
  environment: ReadonlyMap<string, string>;
}

/** Throws ERR_CONTAINER_INVALID for a word that is not known or not understood. */
export function alterationsOf(annotations: Readonly<Record<string, string>>): Alterations {
  const unknown = Object.keys(annotations).find((name) => name.startsWith(PREFIX) && !KNOWN.has(name));
  if (unknown !== undefined) throw invalid(`there is no annotation ${JSON.stringify(unknown)}`);
  if (annotations[ALTERED] !== undefined) throw invalid(`the annotation ${ALTERED} is the node's own to give`);
  const scrub = annotations[SCRUB] ?? 'false';
  if (scrub !== 'true' && scrub !== 'false') throw invalid(`annotation ${SCRUB} is neither "true" nor "false"`);
  return { scrubTokens: scrub === 'true', environment: variablesOf(annotations[ENVIRONMENT] ?? '{}') };
}

/** Throws ERR_CONTAINER_INVALID where something is to be changed in a container that is no copy. */
export function refuseAlterations(annotations: Readonly<Record<string, string>>): void {
  const { scrubTokens, environment } = alterationsOf(annotations);
  if (scrubTokens || environment.size > 0) {
    throw invalid(`${scrubTokens ? SCRUB : ENVIRONMENT} changes a copy of a checkpoint, and this image is none`);
  }
}

function variablesOf(text: string): Map<string, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalid(`annotation ${ENVIRONMENT} is no JSON`, cause);
  }
  const entries = isObject(value) ? Object.entries(value) : [];
  const texts = entries.flatMap(([name, each]) => (typeof each === 'string' ? [[name, each] as const] : []));
  if (texts.length !== entries.length || entries.length > VARIABLES || (entries.length === 0 && text.trim() !== '{}')) {
    throw invalid(`annotation ${ENVIRONMENT} is no JSON object of texts by name, or has more than ${VARIABLES}`);
  }
  return new Map(texts);
}

function invalid(message: string, cause?: unknown) {
  return runtimeError('ERR_CONTAINER_INVALID', message, { cause });
}
