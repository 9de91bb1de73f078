/**
 * What a message of CRIU is made of: its fields, by the table that is generated from the schemas. A table of texts, of
 * which only those are parsed that are asked for: descriptors of all messages would be a third of the start of a command.
 */
import { ENUMS, MESSAGES, type Messages } from '../gen/shapes.ts';

export type { Messages } from '../gen/shapes.ts';

/** The name of any message. */
export type MessageName = keyof Messages;
/** The name of any enum. */
type EnumName = keyof typeof ENUMS;
/** A message of any name. */
export type AnyMessage = Messages[MessageName];

/** How crit shows the values of a field: the option `criu` of the schemas. */
export interface FieldStyle {
  readonly hex?: true;
  readonly ipadd?: true;
  readonly dev?: true;
  readonly odev?: true;
  /** Name of the table of flags. */
  readonly flags?: string;
  /** Name of the table of value names. */
  readonly dict?: string;
  readonly conv?: string;
}

/** Value of a message's member that is not on the wire; a bigint for integers of 64 bits. */
type Default = number | bigint | boolean | string | Uint8Array;

/** Types on the wire with what stands for a value that is absent. An enum and a message are types, too. */
const ZEROES = {
  ...{ uint32: 0, int32: 0, sint32: 0, fixed32: 0, enum: 0 },
  ...{ uint64: 0n, int64: 0n, sint64: 0n, fixed64: 0n },
  ...{ bool: false, string: '', bytes: new Uint8Array(0), message: '' },
} as const satisfies Record<string, Default>;

export type FieldType = keyof typeof ZEROES;

/** One field of a message. */
export class Field {
  readonly number: number;
  /** As the schema has it: `src_port`. */
  readonly name: string;
  /** As a member of the decoded message: `srcPort`. */
  readonly localName: string;
  readonly type: FieldType;
  readonly isList: boolean;
  readonly style: FieldStyle;
  /** Name of the enum or message that it holds; otherwise as `type`. */
  readonly typeName: string;
  /** Of an enum: names by value; a value that is not among them is none. Undefined for any other type. */
  readonly names: ReadonlyMap<number, string> | undefined;
  /** What a decoded message has where the field is not on the wire. */
  readonly zero: Default;
  #shape: Shape | undefined;

  /** `text`: a field as the generated table has it. */
  constructor(text: string) {
    const [number, name = '', type = '', label, ...rest] = text.split(' ');
    const known = rest.find((word) => word.startsWith('='))?.slice(1);
    this.number = Number(number);
    this.name = name;
    this.localName = name.replace(/_+(.)/g, (_, letter: string) => letter.toUpperCase());
    this.isList = label === '*';
    this.style = Object.fromEntries(rest.filter((word) => !word.startsWith('=')).map(optionOf));
    this.names = type in ENUMS ? namesOfEnum(type as EnumName) : undefined;
    this.typeName = type;
    this.type = this.names ? 'enum' : type in MESSAGES ? 'message' : (type as FieldType);
    if (!(this.type in ZEROES)) throw new TypeError(`${name} is of a type that images do not have: ${type}`);
    this.zero = zeroOf(this.type, known, this.names);
  }

  /** The shape of what the field holds, where its type is `message`. */
  get shape(): Shape {
    this.#shape ??= shapeOf(this.typeName as MessageName);
    return this.#shape;
  }
}

/** A message: its fields, and how an empty one is made. */
export class Shape {
  readonly typeName: MessageName;
  /** Ascending by number. */
  readonly fields: readonly Field[];
  /** By number; a number that is not in it is unknown. */
  readonly byNumber: readonly (Field | undefined)[];
  readonly #lists: readonly string[];
  readonly #made: new () => Record<string, unknown>;

  constructor(typeName: MessageName) {
    const text = MESSAGES[typeName];
    const fields = text === '' ? [] : text.split(',').map((each) => new Field(each));
    this.typeName = typeName;
    this.fields = fields.sort((a, b) => a.number - b.number);
    const byNumber: (Field | undefined)[] = [];
    for (const field of fields) byNumber[field.number] = field;
    this.byNumber = byNumber;
    this.#lists = fields.filter(({ isList }) => isList).map(({ localName }) => localName);
    // A class for each message, so that the engine makes room for its members at once.
    this.#made = class {} as new () => Record<string, unknown>;
    for (const { isList, type, localName, zero } of fields) {
      if (!isList && type !== 'message') this.#made.prototype[localName] = zero;
    }
  }

  /**
   * An empty message, as `create` of the protobuf library makes it: lists are empty, what else is absent is no member of
   * its own, but for numbers and texts its zero or default is inherited.
   */
  create(): Record<string, unknown> {
    const message = new this.#made();
    message['$typeName'] = this.typeName;
    for (const list of this.#lists) message[list] = [];
    return message;
  }
}

const shapes = new Map<MessageName, Shape>();

/** The shape of a message. */
export function shapeOf(name: MessageName): Shape {
  let shape = shapes.get(name);
  if (shape === undefined) {
    shape = new Shape(name);
    shapes.set(name, shape);
  }
  return shape;
}

const enums = new Map<EnumName, ReadonlyMap<number, string>>();

/** Names of the values of an enum, by value. */
export function namesOfEnum(name: EnumName): ReadonlyMap<number, string> {
  let names = enums.get(name);
  if (names === undefined) {
    names = new Map(ENUMS[name].split(',').map((each) => [Number(each.split(' ')[0]), each.split(' ')[1] ?? '']));
    enums.set(name, names);
  }
  return names;
}

function optionOf(word: string): [string, string | true] {
  const [name = '', value] = word.split('=');
  return [name, value ?? true];
}

function zeroOf(type: FieldType, known: string | undefined, names: ReadonlyMap<number, string> | undefined): Default {
  if (names !== undefined) return [...names].find(([, name]) => known === undefined || name === known)?.[0] ?? 0;
  const zero: Default = ZEROES[type];
  if (known === undefined) return zero;
  if (typeof zero === 'boolean') return known === 'true';
  return typeof zero === 'bigint' ? BigInt(known) : Number(known);
}
