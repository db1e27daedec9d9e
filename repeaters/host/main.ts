import { serve } from '../sdk/serve.js';
import { createHost } from './host.js';

await serve(createHost);
