/** What bounds a match, and what an expression may see around it. */

/** Bytes of a match at most; more of it is not seen. */
export const LONGEST_MATCH = 4096;

/** Bytes before a match that an expression sees. */
export const SIGHT = 256;

/** Bytes behind the begin of a match that may matter to it. */
export const AHEAD = LONGEST_MATCH + SIGHT;
