import { guard } from "../loader/core";
import { speakBeacon } from "./beacon/adapter";

guard(() => speakBeacon());
