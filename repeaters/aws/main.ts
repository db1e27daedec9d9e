// Entry of the aws repeater's process.

import { serve } from '../sdk/serve.js';
import { SECRET_VARIABLES } from './credentials.js';
import { createAwsRepeater } from './repeater.js';

await serve(createAwsRepeater, { secretNames: SECRET_VARIABLES });
