// Entry of the aws repeater's process.

import { serve } from '../sdk/serve.js';
import { createAwsRepeater } from './repeater.js';

await serve(createAwsRepeater);
