// The catalogue in use. A second language is chosen here and nowhere else.

import { en, type Text } from "./text.en";

export const t: Text = en;
