/** The outcome of one check. */
export interface Check {
  /** `unchecked`: nothing is known either way, and `text` says why. */
  state: 'holds' | 'fails' | 'unchecked';
  text: string;
}
