// What /widget/{id} is where a channel may be asked for by Intercom's global or by Pylon's. Intercom's clients call for
// answers as soon as this script has loaded, so that adapter is here; it fetches Pylon's where the page means that.
import { guard } from "../loader/core";
import { speakIntercom } from "./intercom/adapter";

guard(speakIntercom);
