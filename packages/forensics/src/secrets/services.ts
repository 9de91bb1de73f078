/** Keys of services. */
import type { Detector } from './detector.ts';
import { tokenDetector } from './token-detector.ts';

const service = { opens: 'service' } as const;

export const serviceDetectors: readonly Detector[] = [
  tokenDetector({
    ...{ id: 'vault-token', title: 'Vault token', opens: 'secret store', prefix: 4 },
    rotate: 'vault token revoke; what it could read is to be changed as well',
    source: 'hv[sbr]\\.[A-Za-z0-9_-]{24,300}',
    anchors: ['hvs.', 'hvb.', 'hvr.'],
  }),
  tokenDetector({
    ...{ id: 'slack-token', title: 'Slack token', ...service, prefix: 5 },
    rotate: 'revoke it with auth.revoke or in the settings of its app',
    source: 'xox[abeoprs]-[0-9A-Za-z-]{20,250}|xapp-[0-9]-[A-Z0-9]{8,14}-[0-9]{10,14}-[0-9a-f]{64}',
    anchors: ['xox', 'xapp-'],
  }),
  tokenDetector({
    ...{ id: 'slack-webhook', title: 'Slack incoming webhook', ...service, prefix: 33 },
    rotate: 'remove the webhook from its app',
    source: 'https://hooks\\.slack\\.com/services/T[A-Z0-9]{8,12}/B[A-Z0-9]{8,12}/[A-Za-z0-9]{24}',
    anchors: ['hooks.slack.com/'],
  }),
  tokenDetector({
    ...{ id: 'stripe-key', title: 'Stripe key', ...service, prefix: 8 },
    rotate: 'roll the key in the dashboard',
    source: '(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{24,247}|whsec_[A-Za-z0-9]{32,64}',
    anchors: ['k_live_', 'k_test_', 'whsec_'],
    facts: (value) => ({ test: value.includes('_test_') }),
  }),
  tokenDetector({
    ...{ id: 'twilio-key', title: 'Twilio API key', ...service, prefix: 2 },
    rotate: 'delete the API key in the console; the auth token of the account is another',
    source: 'SK[0-9a-f]{32}',
    anchors: ['SK'],
  }),
  tokenDetector({
    ...{ id: 'sendgrid-key', title: 'SendGrid API key', ...service, prefix: 3 },
    rotate: 'delete the API key, and look at what was sent',
    source: 'SG\\.[A-Za-z0-9_-]{22}\\.[A-Za-z0-9_-]{43}',
    anchors: ['SG.'],
  }),
  tokenDetector({
    ...{ id: 'openai-key', title: 'OpenAI API key', ...service, prefix: 3 },
    rotate: 'revoke it under API keys of the project',
    source: 'sk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,90}T3BlbkFJ[A-Za-z0-9_-]{20,90}',
    anchors: ['T3BlbkFJ'],
  }),
  tokenDetector({
    ...{ id: 'anthropic-key', title: 'Anthropic API key', ...service, prefix: 13 },
    rotate: 'disable it in the console, and make another',
    source: 'sk-ant-(?:api|admin|oat)[0-9]{2}-[A-Za-z0-9_-]{80,120}',
    anchors: ['sk-ant-'],
  }),
  tokenDetector({
    ...{ id: 'telegram-token', title: 'Telegram bot token', ...service, prefix: 0 },
    rotate: 'ask BotFather to revoke it',
    source: '[0-9]{8,10}:AA[A-Za-z0-9_-]{33}',
    anchors: [':AA'],
  }),
  tokenDetector({
    ...{ id: 'sentry-dsn', title: 'Sentry DSN with its secret', ...service, prefix: 8 },
    rotate: 'revoke the client key of the project, and make another',
    source: 'https://[0-9a-f]{32}:[0-9a-f]{32}@[A-Za-z0-9.-]{3,100}/[0-9]{1,12}',
    anchors: ['https://'],
  }),
];
