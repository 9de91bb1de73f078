/** For commander: an option that may be given several times gathers what it was given. */
export function repeated(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}
