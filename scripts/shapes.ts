/**
 * Messages of a proto folder as one table of short texts, `gen/shapes.ts`: what a reader needs that builds no descriptors.
 * A field is `number name type label`, then `=default` and the words of the option `criu`.
 */

/** What is used of a FileDescriptorSet as JSON. */
export interface DescriptorSet {
  readonly file: readonly {
    readonly name: string;
    readonly package?: string;
    readonly messageType?: readonly MessageType[];
    readonly enumType?: readonly EnumType[];
  }[];
}

interface MessageType {
  readonly name: string;
  readonly field?: readonly FieldType[];
  readonly enumType?: readonly EnumType[];
  readonly nestedType?: readonly unknown[];
  readonly oneofDecl?: readonly unknown[];
}

interface EnumType {
  readonly name: string;
  readonly value: readonly { readonly name: string; readonly number?: number }[];
}

interface FieldType {
  readonly name: string;
  readonly number: number;
  readonly label: string;
  readonly type: string;
  readonly typeName?: string;
  readonly defaultValue?: string;
  readonly options?: Readonly<Record<string, unknown>>;
}

const LABELS: Readonly<Record<string, string>> = { LABEL_REQUIRED: '!', LABEL_OPTIONAL: '?', LABEL_REPEATED: '*' };

/** The source of the table. Throws for what no image has, so that the reader need not know it: nested messages, oneofs. */
export function shapesOf({ file }: DescriptorSet): string {
  const files = file.filter((each) => each.package === undefined);
  const messages = files.flatMap(({ messageType = [] }) => messageType);
  const enums = [
    ...files.flatMap(({ enumType = [] }) => enumType.map((each) => [each.name, each] as const)),
    ...messages.flatMap((owner) => (owner.enumType ?? []).map((each) => [`${owner.name}.${each.name}`, each] as const)),
  ];
  for (const { name, nestedType, oneofDecl } of messages) {
    if (nestedType ?? oneofDecl) throw new Error(`${name} has what the reader of images does not know`);
  }
  return [
    '/** The fields of each message and the values of each enum, as texts. Made by `npm run gen` (scripts/shapes.ts). */',
    "import type * as proto from '../proto.ts';",
    '',
    '/** The type of each message by its name. */',
    'export interface Messages {',
    ...messages.map(({ name }) => `  ${name}: proto.${name};`),
    '}',
    '',
    'export const MESSAGES: Readonly<Record<keyof Messages, string>> = {',
    ...messages.map(({ name, field = [] }) => `  ${name}: ${text(field.map(fieldText))},`),
    '};',
    '',
    'export const ENUMS = {',
    ...enums.map(
      ([name, { value }]) => `  '${name}': ${text(value.map((each) => `${each.number ?? 0} ${each.name}`))},`,
    ),
    '} as const;',
    '',
  ].join('\n');
}

function fieldText({ number, name, type, typeName, label, defaultValue, options = {} }: FieldType): string {
  const kind = typeName?.slice(1) ?? type.slice('TYPE_'.length).toLowerCase();
  const style = Object.entries((options['[criu]'] ?? {}) as Record<string, unknown>);
  const words = style.map(([word, value]) => (value === true ? word : `${word}=${value}`));
  const known = defaultValue === undefined ? [] : [`=${defaultValue}`];
  return [number, name, kind, LABELS[label], ...known, ...words].join(' ');
}

function text(parts: readonly string[]): string {
  return `'${parts.join(',')}'`;
}
