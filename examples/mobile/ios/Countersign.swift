// The messenger of Countersign in a WKWebView: a view controller to present, and the bridge behind it.
// docs/mobile.md tells the messages. Not compiled in this repository: see ../README.md.
import Security
import UIKit
import WebKit

/// Where the chat is, and who is logged in.
public struct CountersignOptions {
    /// The origin of the server, such as https://chat.example.com.
    public var server: URL
    public var channel: String
    /// Asks your own backend for the proof of the user who is logged in now; nil if nobody is.
    /// It is called again whenever a fresh proof is needed, so do not answer from a cache of your own.
    public var proof: () async throws -> [String: Any]?
    /// The number on your badge.
    public var onUnread: (Int) -> Void = { _ in }

    public init(server: URL, channel: String, proof: @escaping () async throws -> [String: Any]?) {
        self.server = server
        self.channel = channel
        self.proof = proof
    }
}

private let outside: Set = ["http", "https", "mailto", "tel"]

@MainActor
public final class CountersignViewController: UIViewController {
    private let options: CountersignOptions
    private var view_: WKWebView!
    private var turn = 0
    private var listening = false
    private var waiting: [[String: Any]] = []

    public init(_ options: CountersignOptions) {
        self.options = options
        super.init(nibName: nil, bundle: nil)
    }

    @available(*, unavailable)
    required init?(coder: NSCoder) { fatalError("made in code") }

    private var address: URL { options.server.appendingPathComponent("m").appendingPathComponent(options.channel) }

    override public func loadView() {
        let configuration = WKWebViewConfiguration()
        // A store of its own: what it keeps is shared with no other web view of the app.
        if #available(iOS 17.0, *) {
            configuration.websiteDataStore = WKWebsiteDataStore(forIdentifier: UUID(uuidString: "6F0C3C0E-8F0B-4D0B-9B62-3D1C0C1E6A51")!)
        }
        // The controller holds its handler; a weak one in between lets this screen go.
        configuration.userContentController.add(WeakHandler(self), name: "countersign")
        view_ = WKWebView(frame: .zero, configuration: configuration)
        view_.navigationDelegate = self
        view_.uiDelegate = self
        view_.allowsLinkPreview = false
        view_.scrollView.bounces = false
        view_.scrollView.contentInsetAdjustmentBehavior = .never // the page keeps off the edges by itself
        view = view_
    }

    override public func viewDidLoad() {
        super.viewDidLoad()
        view_.load(URLRequest(url: address))
        NotificationCenter.default.addObserver(
            self, selector: #selector(dress), name: UIContentSizeCategory.didChangeNotification, object: nil)
    }

    override public func viewWillAppear(_ animated: Bool) {
        super.viewWillAppear(animated)
        open()
    }

    override public func viewDidDisappear(_ animated: Bool) {
        super.viewDidDisappear(animated)
        send(["type": "hide"])
    }

    /// Shows a conversation, or a new one whose composer holds `text`: only the user sends it.
    public func open(conversation: String? = nil, text: String? = nil) {
        var message: [String: Any] = ["type": "open"]
        message["conversation"] = conversation
        message["text"] = text
        send(message)
    }

    /// Call it before you forget who was logged in, and while this controller is still there: see docs/mobile.md.
    public func logOut() {
        turn += 1
        send(["type": "logout", "turn": turn])
    }

    /// Call it when somebody has logged in.
    public func logIn() { prove() }

    // MARK: the bridge

    fileprivate func hear(_ body: Any) {
        guard let text = body as? String, let data = text.data(using: .utf8),
              let message = try? JSONSerialization.jsonObject(with: data) as? [String: Any],
              let type = message["type"] as? String
        else { return }
        switch type {
        case "hello":
            listening = true
            greet()
            prove()
            for message in waiting { send(message) }
            waiting = []
        case "prove":
            prove()
        case "unread":
            options.onUnread(message["n"] as? Int ?? 0)
        case "close":
            dismiss(animated: true)
        case "link":
            guard let text = message["url"] as? String, let url = URL(string: text), outside.contains(url.scheme ?? "") else { return }
            UIApplication.shared.open(url)
        case "state", "ended", "look":
            break // for an app that shows them in bars of its own
        default:
            break
        }
    }

    private func greet() {
        let version = Bundle.main.object(forInfoDictionaryKey: "CFBundleShortVersionString") as? String ?? ""
        let greeting: [String: Any] = ["type": "shell", "platform": "ios", "version": version, "shown": view.window != nil]
        send(greeting.merging(appearance) { first, _ in first })
    }

    @objc private func dress() {
        let change: [String: Any] = ["type": "appearance"]
        send(change.merging(appearance) { first, _ in first })
    }

    private var appearance: [String: Any] {
        let scale = UIFontMetrics.default.scaledValue(for: 100, compatibleWith: traitCollection) / 100
        return [
            "lang": Locale.preferredLanguages.first ?? "en",
            "dir": UIView.userInterfaceLayoutDirection(for: .unspecified) == .rightToLeft ? "rtl" : "ltr",
            "text_scale": min(max(scale, 0.8), 2),
        ]
    }

    /// A proof that comes after somebody else logged in, or everybody out, carries an old turn and opens nothing.
    private func prove() {
        turn += 1
        let mine = turn
        send(["type": "claim", "turn": mine])
        Task {
            var message: [String: Any] = ["type": "identify", "turn": mine]
            do {
                if let proof = try await options.proof() { message["assertion"] = proof } else { message["assertion"] = NSNull() }
            } catch {
                // Without an assertion: there is no proof to be had now, and the user may try again.
            }
            send(message)
        }
    }

    private func send(_ message: [String: Any]) {
        guard listening else {
            if message["type"] as? String == "open" { waiting.append(message) }
            return
        }
        guard let data = try? JSONSerialization.data(withJSONObject: message), let json = String(data: data, encoding: .utf8) else { return }
        // As an argument, never as part of the script's text.
        view_.callAsyncJavaScript("return CountersignShell.receive(text)", arguments: ["text": json], in: nil, in: .page)
    }
}

extension CountersignViewController: WKNavigationDelegate, WKUIDelegate {
    /// The view stays at its address: elsewhere its bridge would belong to somebody else.
    public func webView(_: WKWebView, decidePolicyFor action: WKNavigationAction) async -> WKNavigationActionPolicy {
        action.targetFrame?.isMainFrame == true && action.request.url == address ? .allow : .cancel
    }

    public func webView(_: WKWebView, createWebViewWith _: WKWebViewConfiguration, for _: WKNavigationAction, windowFeatures _: WKWindowFeatures) -> WKWebView? { nil }

    /// The system ended the page's process, as it does with hidden ones. The page begins with hello again.
    public func webViewWebContentProcessDidTerminate(_ webView: WKWebView) {
        listening = false
        webView.load(URLRequest(url: address))
    }
}

@MainActor
private final class WeakHandler: NSObject, WKScriptMessageHandler {
    private weak var owner: CountersignViewController?

    init(_ owner: CountersignViewController) { self.owner = owner }

    func userContentController(_: WKUserContentController, didReceive message: WKScriptMessage) {
        guard message.frameInfo.isMainFrame else { return }
        owner?.hear(message.body)
    }
}

// MARK: your side

/// An example of `CountersignOptions.proof`: your backend signs for the user of your own session, which lies in the keychain.
public struct ProofFromBackend {
    public var endpoint: URL // yours, such as https://api.example.com/chat-proof

    public init(endpoint: URL) { self.endpoint = endpoint }

    public func callAsFunction() async throws -> [String: Any]? {
        guard let session = Keychain.read("session") else { return nil } // nobody is logged in
        var request = URLRequest(url: endpoint, cachePolicy: .reloadIgnoringLocalAndRemoteCacheData, timeoutInterval: 15)
        request.setValue("Bearer \(session)", forHTTPHeaderField: "Authorization")
        let (data, response) = try await URLSession(configuration: .ephemeral).data(for: request)
        guard (response as? HTTPURLResponse)?.statusCode == 200 else { throw URLError(.userAuthenticationRequired) }
        struct Answer: Decodable { let jwt: String }
        return ["jwt": try JSONDecoder().decode(Answer.self, from: data).jwt]
    }
}

/// Texts that stay on this device: in no backup, and readable after the first unlock, for background fetch.
public enum Keychain {
    private static func query(_ name: String) -> [CFString: Any] {
        [kSecClass: kSecClassGenericPassword, kSecAttrService: "app", kSecAttrAccount: name]
    }

    public static func read(_ name: String) -> String? {
        var found: CFTypeRef?
        let asked = query(name).merging([kSecReturnData: true, kSecMatchLimit: kSecMatchLimitOne]) { first, _ in first }
        guard SecItemCopyMatching(asked as CFDictionary, &found) == errSecSuccess, let data = found as? Data else { return nil }
        return String(data: data, encoding: .utf8)
    }

    /// nil removes it.
    @discardableResult
    public static func write(_ name: String, _ value: String?) -> Bool {
        SecItemDelete(query(name) as CFDictionary)
        guard let value else { return true }
        let item = query(name).merging([
            kSecValueData: Data(value.utf8), kSecAttrAccessible: kSecAttrAccessibleAfterFirstUnlockThisDeviceOnly,
        ]) { first, _ in first }
        return SecItemAdd(item as CFDictionary, nil) == errSecSuccess
    }
}
