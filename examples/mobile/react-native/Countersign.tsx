// The messenger of Countersign in react-native-webview. docs/mobile.md tells the messages. Not compiled in this repository:
// see ../README.md.
//
//	const chat = useRef<CountersignHandle>(null);
//	<Countersign ref={chat} server="https://chat.example.com" channel="app" proof={fetchProof} onClose={goBack} />
import { forwardRef, useCallback, useEffect, useImperativeHandle, useRef } from "react";
import { BackHandler, I18nManager, Linking, PixelRatio, Platform, useColorScheme } from "react-native";
import { WebView, type WebViewMessageEvent } from "react-native-webview";

type Assertion = { jwt: string } | { user_id?: string; email?: string; hash: string; name?: string };

export interface CountersignProps {
  server: string; // origin, without a slash at its end
  channel: string;
  // Asks your own backend for the proof of the user who is logged in now; null if nobody is. It is called again whenever a
  // fresh proof is needed, so do not answer from a cache of your own.
  proof: () => Promise<Assertion | null>;
  version?: string;
  language?: string;
  insets?: { top: number; right: number; bottom: number; left: number }; // of react-native-safe-area-context, if the view lies under bars
  hidden?: boolean; // mounted, and not on the screen
  onClose: () => void;
  onUnread?: (n: number) => void;
  onIdentity?: (identity: "anonymous" | "claimed" | "verified" | "refused") => void;
}

export interface CountersignHandle {
  open: (to?: { conversation?: string; text?: string }) => void; // text fills the composer: the user alone sends it
  logIn: () => void;
  logOut: () => void; // before you forget who was logged in, and while this is mounted: see docs/mobile.md
}

const outside = /^(https?|mailto|tel):/i;

export const Countersign = forwardRef<CountersignHandle, CountersignProps>(function Countersign(props, handle) {
  const view = useRef<WebView>(null);
  const turn = useRef(0);
  const listening = useRef(false);
  const wanted = useRef<object | undefined>(undefined);
  const now = useRef(props);
  now.current = props;
  const theme = useColorScheme() ?? "light";
  const address = `${props.server}/m/${encodeURIComponent(props.channel)}`;

  const send = useCallback((message: object) => {
    if (!listening.current) return;
    // The message is a JSON text within a script's text: quoted twice, and U+2028 cannot end a line.
    const quoted = JSON.stringify(JSON.stringify(message)).replace(/[\u2028\u2029]/g, (c) => (c === "\u2028" ? "\\u2028" : "\\u2029"));
    view.current?.injectJavaScript(`CountersignShell.receive(${quoted}); true;`);
  }, []);

  const look = useCallback(() => {
    const { language, insets } = now.current;
    const text_scale = Math.min(Math.max(PixelRatio.getFontScale(), 0.8), 2);
    return { lang: language, dir: I18nManager.isRTL ? "rtl" : "ltr", theme, text_scale, insets };
  }, [theme]);

  // A proof that comes after somebody else logged in, or everybody out, carries an old turn and opens nothing.
  const prove = useCallback(() => {
    const mine = ++turn.current;
    send({ type: "claim", turn: mine });
    now.current.proof().then(
      (assertion) => send({ type: "identify", turn: mine, assertion }),
      () => send({ type: "identify", turn: mine }), // no proof to be had now: the user may try again
    );
  }, [send]);

  const hear = (event: WebViewMessageEvent): void => {
    if (!event.nativeEvent.url.startsWith(address)) return;
    let message: { type?: string; n?: number; url?: string; identity?: string };
    try {
      message = JSON.parse(event.nativeEvent.data);
    } catch {
      return;
    }
    switch (message.type) {
      case "hello":
        listening.current = true;
        send({ type: "shell", platform: Platform.OS === "ios" ? "ios" : "android", version: props.version, shown: !props.hidden, ...look() });
        prove();
        if (wanted.current) send(wanted.current);
        wanted.current = undefined;
        return;
      case "prove":
        return prove();
      case "unread":
        return props.onUnread?.(message.n ?? 0);
      case "state":
        return props.onIdentity?.(message.identity as never);
      case "close":
        return props.onClose();
      case "link":
        if (outside.test(message.url ?? "")) Linking.openURL(message.url!).catch(() => undefined);
    }
  };

  useImperativeHandle(handle, () => ({
    open: (to = {}) => {
      const message = { type: "open", ...to };
      if (listening.current) send(message);
      else wanted.current = message;
    },
    logIn: prove,
    logOut: () => send({ type: "logout", turn: ++turn.current }),
  }));

  useEffect(() => send({ type: "appearance", ...look() }), [send, look, props.insets, props.language]);
  useEffect(() => {
    const back = BackHandler.addEventListener("hardwareBackPress", () => {
      if (listening.current) send({ type: "back" });
      return listening.current;
    });
    return () => back.remove();
  }, [send]);
  // A screen that stays mounted behind others is no longer looked at.
  useEffect(() => {
    if (props.hidden) send({ type: "hide" });
    else send({ type: "open" });
  }, [send, props.hidden]);

  return (
    <WebView
      ref={view}
      source={{ uri: address }}
      originWhitelist={[props.server]}
      // The view stays at its address: elsewhere its bridge would belong to somebody else.
      onShouldStartLoadWithRequest={({ url }) => url === address}
      setSupportMultipleWindows={false}
      javaScriptCanOpenWindowsAutomatically={false}
      allowFileAccess={false}
      allowsLinkPreview={false}
      textZoom={100}
      bounces={false}
      hideKeyboardAccessoryView
      contentInsetAdjustmentBehavior="never"
      onLoadStart={() => (listening.current = false)}
      onContentProcessDidTerminate={() => view.current?.reload()}
      onMessage={hear}
    />
  );
});
