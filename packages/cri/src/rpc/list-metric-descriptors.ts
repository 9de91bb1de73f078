import { metricDescriptors } from '@stillframe/runtime';
import type { RuntimeRpc } from './rpc.ts';

export const listMetricDescriptors: RuntimeRpc<'listMetricDescriptors'> = () => async () => ({
  descriptors: metricDescriptors().map(({ name, help, labels }) => ({ name, help, labelKeys: labels })),
});
