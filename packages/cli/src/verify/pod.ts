/** The folder of a pod held against the statement about all of it, and each archive in it against its own. */
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { POD_OPTIONS } from '@stillframe/checkpoint';
import { digestSource, isCode, limits, messageOf, readAll, StillframeError } from '@stillframe/core';
import { openFileSource } from '@stillframe/core/file';
import {
  type CheckedSignature,
  decodeEnvelope,
  decodePodCapture,
  evidencePath,
  type PodPart,
  type RecordedPod,
  verifyEnvelope,
} from '@stillframe/evidence';
import type { Io } from '../io.ts';
import { cliError } from '../usage.ts';
import type { Check } from './check.ts';
import { checksOf, type NamedKey, signatureCheck, type Verification, verifyArchiveFile } from './model.ts';

/** A container of the pod: whether what lies in the folder is what was captured of it. */
export interface PartVerification {
  name: string;
  archive: string;
  check: Check;
  /** Undefined where there is no archive with evidence to check. */
  verification: Verification | undefined;
}

export interface PodVerification extends Pick<RecordedPod, 'pod' | 'atomic'> {
  path: string;
  evidence: string;
  signature: Check;
  signatures: readonly CheckedSignature[];
  /** The list of archives, what else the statement names, and whether there is an archive that it does not name. */
  folder: Check;
  containers: readonly PartVerification[];
  /** The first that does not hold. */
  first: { name: string; text: string } | undefined;
}

/** The folder that `path` means where it is one, or the list in it; undefined for an archive. */
export function podFolderOf(path: string, isFolder: boolean): string | undefined {
  if (isFolder) return path;
  return basename(path) === POD_OPTIONS ? dirname(path) : undefined;
}

/** Throws ERR_EVIDENCE_MISSING where no statement is about the folder, ERR_EVIDENCE_INVALID, ERR_ARCHIVE_CHANGED. */
export async function verifyPodFolder(path: string, keys: readonly NamedKey[], io: Io): Promise<PodVerification> {
  const evidence = evidencePath(join(path, POD_OPTIONS));
  const text = await statementIn(evidence);
  const { pod, atomic, parts, documents } = decodePodCapture(text);
  const signatures = verifyEnvelope(decodeEnvelope(text), keys);
  const signature = signatureCheck(signatures, keys);
  const folder = await checkFolder(path, { parts, documents }, io.signal);
  const containers: PartVerification[] = [];
  for (const part of parts) containers.push(await checkPart(path, part, parts, keys, io));
  const all = [
    { name: 'signature', check: signature },
    { name: 'folder', check: folder },
    ...containers.map(({ name, check }) => ({ name: `container ${name}`, check })),
  ];
  const fault = all.find(({ check }) => check.state === 'fails');
  const first = fault && { name: fault.name, text: fault.check.text };
  return { path, evidence, pod, atomic, signature, signatures, folder, containers, first };
}

async function statementIn(evidence: string): Promise<string> {
  try {
    await using file = await openFileSource(evidence);
    return new TextDecoder().decode(await readAll(file, { limit: limits.json }));
  } catch (error) {
    if (!isCode(error, 'ERR_FILE_UNREADABLE')) throw error;
    throw cliError('ERR_EVIDENCE_MISSING', messageOf(error), {
      hint: 'without it nothing says which archives the pod has: `stillframe verify` each of them by itself',
    });
  }
}

async function checkFolder(
  folder: string,
  { parts, documents }: Pick<RecordedPod, 'parts' | 'documents'>,
  signal: AbortSignal,
): Promise<Check> {
  if (!documents.some(({ name }) => name === POD_OPTIONS))
    return { state: 'fails', text: `the statement does not name ${POD_OPTIONS}` };
  for (const { name, digest } of documents) {
    const found = await digestIn(join(folder, name), signal);
    if (found === undefined) return { state: 'fails', text: `${name} was removed` };
    if (found !== digest) return { state: 'fails', text: `${name} was changed` };
  }
  const known = new Set(parts.map(({ archive }) => archive));
  const added = (await readdir(folder)).filter((name) => name.endsWith('.tar') && !known.has(name)).sort();
  if (added[0] !== undefined) return { state: 'fails', text: `${added[0]} was added` };
  return { state: 'holds', text: `${parts.length} archives, ${documents.map(({ name }) => name).join(', ')}` };
}

async function digestIn(path: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    await using file = await openFileSource(path);
    return await digestSource(file, { signal });
  } catch (error) {
    if (isCode(error, 'ERR_FILE_UNREADABLE')) return undefined;
    throw error;
  }
}

async function checkPart(
  folder: string,
  part: PodPart,
  parts: readonly PodPart[],
  keys: readonly NamedKey[],
  io: Io,
): Promise<PartVerification> {
  const { archive, container } = part;
  try {
    const verification = await verifyArchiveFile(join(folder, archive), keys, io);
    return { name: container.name, archive, check: partCheck(part, parts, verification), verification };
  } catch (error) {
    // What could not be read for a reason of its own is no statement about the archive.
    if (!StillframeError.is(error) || error.code === 'ERR_ARCHIVE_CHANGED') throw error;
    const check: Check = { state: 'fails', text: `${archive} is missing, or its evidence: ${messageOf(error)}` };
    return { name: container.name, archive, check, verification: undefined };
  }
}

function partCheck(part: PodPart, parts: readonly PodPart[], found: Verification): Check {
  if (found.digest !== part.digest) {
    const other = parts.find(({ digest }) => digest === found.digest);
    const whose = other ? `the archive of container ${other.container.name}` : 'another archive than was captured';
    return { state: 'fails', text: `${part.archive} is ${whose}` };
  }
  if (found.statement !== part.statement)
    return { state: 'fails', text: `the statement beside ${part.archive} is another than that of the capture` };
  const fault = checksOf(found).find(([, { state }]) => state === 'fails');
  if (fault) return { state: 'fails', text: `${part.archive}, ${fault[0]}: ${fault[1].text}` };
  return { state: 'holds', text: `${part.archive}, ${found.archive.text}` };
}
