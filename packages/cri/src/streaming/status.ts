/** How a command ended, in the words of the error stream: metav1.Status since version 4, plain text before. */

/** An exit code, or why there is none. */
export type CommandEnd = { exitCode: number } | { error: string };

/** The bytes for the error stream; none for success before version 4. */
export function endMessage(end: CommandEnd, asStatus: boolean): string {
  if ('error' in end) return asStatus ? JSON.stringify(internalError(end.error)) : end.error;
  if (end.exitCode === 0) return asStatus ? JSON.stringify({ metadata: {}, status: 'Success' }) : '';
  const message = `command terminated with non-zero exit code: ${end.exitCode}`;
  if (!asStatus) return message;
  const causes = [{ reason: 'ExitCode', message: String(end.exitCode) }];
  return JSON.stringify({ metadata: {}, status: 'Failure', message, reason: 'NonZeroExitCode', details: { causes } });
}

function internalError(text: string) {
  return {
    metadata: {},
    status: 'Failure',
    message: `Internal error occurred: ${text}`,
    reason: 'InternalError',
    details: { causes: [{ message: text }] },
    code: 500,
  };
}
