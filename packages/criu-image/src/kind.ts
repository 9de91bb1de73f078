/** What one row of the table of image kinds says, and the three ways to write one. Source: CRIU image-desc.c, magic.h. */
import { criuError } from './errors.ts';
import type { MessageName, Messages } from './wire/shape.ts';

/**
 * Bytes of one message. Well below limits.criuMessage, for two bytes of a message can make an object of fifty: this much
 * costs a hostile image one gigabyte at most. Sound messages other than that of an mm stay below one mebibyte or so.
 */
export const MESSAGE_LIMIT = 16 << 20;

/** Bytes that follow a message. `bytes` counts what is meant, `padding` what only fills up behind it. */
export interface PayloadPart {
  name: string;
  /** `rest`: everything to the end of the image. Anything else comes from the message and is not to be trusted. */
  bytes: number | bigint | 'rest';
  padding?: number;
}

/** Messages that follow an entry without being entries themselves. */
export interface Members<D extends MessageName, M extends MessageName> {
  message: M;
  count(entry: Messages[D]): number;
  payload?(member: Messages[M]): readonly PayloadPart[];
}

/** What a row may say beside its name, magic and message. `H` is the message that stands before the entries. */
export interface KindExtras<D extends MessageName, H extends MessageName, M extends MessageName> {
  /** The image has one message of this type before its entries. */
  head?: H;
  /** Bytes after the head. */
  headPayload?(head: Messages[H]): readonly PayloadPart[];
  /** Bytes after each entry. */
  payload?(entry: Messages[D]): readonly PayloadPart[];
  members?: Members<D, M>;
  /** Written for each process (or thread), so a set has many of them. */
  perTask?: true;
  /** Written by CRIU for itself: its first magic is the service one, and its name has no suffix. */
  service?: true;
  /** Not written by the CRIU of today (its entries stand in another image, or are gone), still read. */
  legacy?: true;
  /** Bytes of the longest message that is decoded; MESSAGE_LIMIT where it is not given. */
  messageLimit?: number;
  /** What the file name begins with, where that is not the name of the kind. */
  stem?: string;
}

/** A kind made of magics and length-prefixed messages. */
export interface FramedKind<
  N extends string = string,
  D extends MessageName = MessageName,
  H extends MessageName = MessageName,
  M extends MessageName = MessageName,
> extends KindExtras<D, H, M> {
  form: 'framed';
  /** Our name of the kind: the file name without suffix and id. */
  name: N;
  /** File name as CRIU's format string has it; `%u` a decimal, `%x` a hexadecimal id. */
  file: string;
  /** What CRIU calls the magic, without `_MAGIC`: `MNTS`. Two kinds of one magic share it. */
  symbol: string;
  magic: number;
  message: D;
}

/** A kind without magic and frames: the file is the content. */
export interface RawKind<N extends string = string> {
  form: 'raw';
  name: N;
  file: string;
  magic: undefined;
  perTask?: true;
  service?: undefined;
  legacy?: true;
}

/** A row of the table. */
export type ImageKind = FramedKind | RawKind;

/** A row for `<name>.img`, or `<name>-<id>.img` where `id` is given. */
export function framed<
  N extends string,
  D extends MessageName,
  H extends MessageName = never,
  M extends MessageName = never,
>(
  name: N,
  id: '' | '%u' | '%x',
  symbol: string,
  magic: number,
  message: D,
  extras: KindExtras<D, H, M> = {},
): FramedKind<N, D, H, M> {
  const stem = id === '' ? name : `${extras.stem ?? name}-${id}`;
  return { form: 'framed', name, file: extras.service ? stem : `${stem}.img`, symbol, magic, message, ...extras };
}

/** A row for a file that is all content. */
export function raw<N extends string>(
  name: N,
  file: string,
  extras: { perTask?: true; legacy?: true } = {},
): RawKind<N> {
  return { form: 'raw', name, file, magic: undefined, ...extras };
}

/** The message that an image of this kind has in a role. Throws ERR_CRIU_IMAGE_ENTRY_INVALID where it has none. */
export function messageNameOf(kind: FramedKind, role: 'head' | 'entry' | 'member'): MessageName {
  const name = role === 'head' ? kind.head : role === 'entry' ? kind.message : kind.members?.message;
  if (name === undefined) throw criuError('ERR_CRIU_IMAGE_ENTRY_INVALID', `a ${kind.name} has no ${role}`);
  return name;
}

/** How many bytes bring `bytes` up to a multiple of `unit` (a power of two). */
export function paddingTo(bytes: number | bigint, unit: number): number {
  return Number(-BigInt(bytes) & BigInt(unit - 1));
}
