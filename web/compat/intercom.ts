import { guard } from "../loader/core";
import { speakIntercom } from "./intercom/adapter";

guard(speakIntercom);
