/** How crit shows the values of a field: the options that stand on it in CRIU's schemas. */
import { type DescField, getOption, hasOption } from '@bufbuild/protobuf';
import { type CRIU_Opts, criu } from '../gen/options_pb.ts';

/** The options of a field; undefined where it has none. */
export type FieldStyle = Pick<CRIU_Opts, 'hex' | 'ipadd' | 'flags' | 'dev' | 'odev' | 'dict' | 'conv'>;

const NONE: Partial<FieldStyle> = {};
const known = new WeakMap<DescField, Partial<FieldStyle>>();

/** Asked once for each field: looking options up is slow. */
export function styleOf(field: DescField): Partial<FieldStyle> {
  let style = known.get(field);
  if (style === undefined) {
    style = hasOption(field, criu) ? getOption(field, criu) : NONE;
    known.set(field, style);
  }
  return style;
}
