import { serve } from '../sdk/serve.js';
import { createGhRepeater } from './repeater.js';

await serve(createGhRepeater);
