/** A file of a layer. */
export interface TreeFile {
  /** Without a slash at its beginning. */
  readonly name: string;
  readonly mode: number;
  readonly bytes: Uint8Array;
}
/** Version of the product. */
export declare const version: string;
/** Node.js, what it is linked with, and the few files that the C library asks for. Authorities to trust are in Node.js itself. */
export declare function systemFiles(): Promise<TreeFile[]>;
/** The bundle of the command. Maps to sources are for those who have the sources. */
export declare function productFiles(): Promise<TreeFile[]>;
