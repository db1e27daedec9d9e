import { serve } from '../sdk/serve.js';
import { createHttpRepeater } from './repeater.js';

await serve(createHttpRepeater);
