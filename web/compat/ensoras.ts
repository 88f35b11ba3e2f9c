import { guard } from "../loader/core";
import { speakEnsoras } from "./ensoras/adapter";

guard(() => speakEnsoras());
