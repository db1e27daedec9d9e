import { serve } from '../sdk/serve.js';
import { createEcho } from './echo.js';

await serve(createEcho);
