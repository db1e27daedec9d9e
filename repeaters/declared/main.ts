import { serve } from '../sdk/serve.js';
import { createDeclaredRepeater } from './repeater.js';

await serve(createDeclaredRepeater);
