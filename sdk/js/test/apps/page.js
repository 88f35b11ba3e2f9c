// A page of a strict policy, through the page's API.
import * as sdk from '@countersign/sdk';

window.sdk = sdk;
