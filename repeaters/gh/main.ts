import { serve } from '../sdk/serve.js';
import { TOKEN_VARIABLES } from './credentials.js';
import { createGhRepeater } from './repeater.js';

await serve(createGhRepeater, { secretNames: TOKEN_VARIABLES });
