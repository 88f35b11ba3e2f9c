// The client without a face in a browser, over the two ways in which a stream is read there.
import { createClient } from '@countersign/sdk/headless';

window.createClient = createClient;
