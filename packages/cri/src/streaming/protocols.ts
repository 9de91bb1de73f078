/** The sub-protocols of remote commands and port forwarding (Kubernetes remotecommand and portforward). */

/** What a client may speak on SPDY for exec and attach, the best first. */
export const SPDY_COMMANDS = ['v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io'] as const;
export type SpdyCommand = (typeof SPDY_COMMANDS)[number];

/** The same on WebSocket. */
export const WEBSOCKET_COMMANDS = [
  'v5.channel.k8s.io',
  'v4.channel.k8s.io',
  'v4.base64.channel.k8s.io',
  'channel.k8s.io',
  'base64.channel.k8s.io',
] as const;
export type WebSocketCommand = (typeof WEBSOCKET_COMMANDS)[number];

export const SPDY_FORWARDS = ['portforward.k8s.io'] as const;
/** SPDY inside of WebSocket messages; the second name is the one of the proposal (KEP-4006). */
export const WEBSOCKET_FORWARDS = ['SPDY/3.1+portforward.k8s.io', 'v2.portforward.k8s.io'] as const;

/** The first of the client's offers that is known here. */
export function negotiate<Name extends string>(offers: Iterable<string>, known: readonly Name[]): Name | undefined {
  for (const offer of offers) {
    const name = known.find((candidate) => candidate === offer);
    if (name !== undefined) return name;
  }
  return undefined;
}

/** The entries of a header that may be given several times or with commas. */
export function listed(header: string | string[] | undefined): string[] {
  return [header ?? []]
    .flat()
    .flatMap((text) => text.split(','))
    .map((text) => text.trim())
    .filter(Boolean);
}
