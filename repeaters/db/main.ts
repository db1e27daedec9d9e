import { serve } from '../sdk/serve.js';
import { createDbRepeater } from './repeater.js';

await serve(createDbRepeater);
