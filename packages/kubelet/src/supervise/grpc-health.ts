/** The health protocol of gRPC (grpc.health.v1.Health/Check): one call, whose two messages have one field each. */
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import type { Outcome } from './act.ts';

/** HealthCheckResponse.ServingStatus. */
const SERVING = 1;
/** Bytes of a service's name that fit a length of one byte. */
const LONGEST = 127;

/** Calls without TLS, as a kubelet does. Rejects where the call fails. */
export async function askHealth(
  { ip, port, service }: { ip: string; port: number; service: string },
  milliseconds: number,
  signal: AbortSignal,
): Promise<Outcome> {
  const name = Buffer.from(service);
  if (name.length > LONGEST) return { success: false, words: 'the name of the service is too long' };
  const client = new Client(`${ip.includes(':') ? `[${ip}]` : ip}:${port}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.max_receive_message_length': 4096,
  });
  try {
    return await new Promise<Outcome>((resolve, reject) => {
      const call = client.makeUnaryRequest(
        '/grpc.health.v1.Health/Check',
        // Field 1, length-delimited.
        (text: Buffer) => (text.length === 0 ? text : Buffer.concat([Buffer.from([0x0a, text.length]), text])),
        // Field 1, a number below 128.
        (bytes: Buffer) => (bytes[0] === 0x08 ? (bytes[1] ?? 0) : 0),
        name,
        { deadline: Date.now() + milliseconds },
        (error: ServiceError | null, status?: number) => {
          if (error) reject(error);
          else resolve({ success: status === SERVING, words: `serving status ${status}` });
        },
      );
      signal.addEventListener('abort', () => call.cancel(), { once: true });
    });
  } finally {
    client.close();
  }
}
