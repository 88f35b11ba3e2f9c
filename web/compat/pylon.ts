import { guard } from "../loader/core";
import { speakPylon } from "./pylon/adapter";

guard(speakPylon);
