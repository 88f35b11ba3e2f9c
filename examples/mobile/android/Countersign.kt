// The messenger of Countersign in an Android WebView, and the bridge behind it. docs/mobile.md tells the messages.
// Needs androidx.activity, androidx.webkit 1.6 and kotlinx-coroutines-android. Not compiled in this repository: see ../README.md.
package com.example.chat

import android.annotation.SuppressLint
import android.content.Intent
import android.content.res.Configuration
import android.net.Uri
import android.os.Bundle
import android.view.View
import android.webkit.JavascriptInterface
import android.webkit.ValueCallback
import android.webkit.WebChromeClient
import android.webkit.WebResourceRequest
import android.webkit.WebView
import android.webkit.WebViewClient
import android.widget.FrameLayout
import androidx.activity.ComponentActivity
import androidx.activity.OnBackPressedCallback
import androidx.activity.result.contract.ActivityResultContracts
import androidx.core.view.ViewCompat
import androidx.core.view.WindowInsetsCompat
import androidx.lifecycle.lifecycleScope
import androidx.webkit.JavaScriptReplyProxy
import androidx.webkit.WebViewCompat
import androidx.webkit.WebViewFeature
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import org.json.JSONException
import org.json.JSONObject
import java.io.IOException
import java.net.HttpURLConnection
import java.net.URL

/** Where the chat is, and who is logged in. */
object Countersign {
    /** The origin of the server, without a slash at its end. */
    var server = "https://chat.example.com"
    var channel = "app"

    /**
     * Asks your own backend for the proof of the user who is logged in now; null if nobody is. It is called again
     * whenever a fresh proof is needed, so do not answer from a cache of your own.
     */
    var proof: suspend () -> JSONObject? = { null }

    /** The number on your badge. */
    var onUnread: (Int) -> Unit = {}

    internal var shown: CountersignActivity? = null

    /** Call it before you forget who was logged in, and while the activity is still there: see docs/mobile.md. */
    fun logOut() = shown?.logOut()

    /** Call it when somebody has logged in. */
    fun logIn() = shown?.prove()
}

class CountersignActivity : ComponentActivity() {
    private lateinit var view: WebView
    private var reply: JavaScriptReplyProxy? = null // null: the old way in
    private var turn = 0
    private var listening = false
    private var picking: ValueCallback<Array<Uri>>? = null
    private var insets: JSONObject? = null

    private val address get() = "${Countersign.server}/m/${Countersign.channel}"

    private val picker = registerForActivityResult(ActivityResultContracts.StartActivityForResult()) { result ->
        picking?.onReceiveValue(WebChromeClient.FileChooserParams.parseResult(result.resultCode, result.data))
        picking = null
    }

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        Countersign.shown = this
        view = WebView(this)
        val frame = FrameLayout(this).apply { addView(view) }
        setContentView(frame)
        settle()
        connect()
        onBackPressedDispatcher.addCallback(this, object : OnBackPressedCallback(true) {
            // The page goes a step towards its home, and from there says close.
            override fun handleOnBackPressed() = if (listening) send(message("back")) else finish()
        })
        ViewCompat.setOnApplyWindowInsetsListener(frame) { _, all ->
            // Where the window does not shrink for the keyboard, the view does.
            frame.setPadding(0, 0, 0, all.getInsets(WindowInsetsCompat.Type.ime()).bottom)
            keep(all)
            all
        }
        view.loadUrl(address)
    }

    override fun onNewIntent(intent: Intent) {
        super.onNewIntent(intent)
        setIntent(intent)
        if (listening) open()
    }

    override fun onStart() {
        super.onStart()
        if (listening) open()
    }

    override fun onStop() {
        send(message("hide"))
        super.onStop()
    }

    override fun onDestroy() {
        if (Countersign.shown === this) Countersign.shown = null // the next one may be there already, and must hear of a log-out
        view.destroy()
        super.onDestroy()
    }

    override fun onConfigurationChanged(now: Configuration) {
        super.onConfigurationChanged(now)
        send(dressed(message("appearance")))
    }

    /** Shows what the intent asks for: a conversation, or a new one whose composer holds a text. The user alone sends it. */
    private fun open() = send(
        message("open").apply {
            intent.getStringExtra("conversation")?.let { put("conversation", it) }
            intent.getStringExtra("text")?.let { put("text", it) }
            intent.removeExtra("conversation")
            intent.removeExtra("text")
        },
    )

    fun logOut() = send(message("logout").put("turn", ++turn))

    /** A proof that comes after somebody else logged in, or everybody out, carries an old turn and opens nothing. */
    fun prove() {
        val mine = ++turn
        send(message("claim").put("turn", mine))
        lifecycleScope.launch {
            val answer = message("identify").put("turn", mine)
            try {
                answer.put("assertion", Countersign.proof() ?: JSONObject.NULL)
            } catch (_: IOException) {
                // Without an assertion: there is no proof to be had now, and the user may try again.
            }
            send(answer)
        }
    }

    @SuppressLint("SetJavaScriptEnabled")
    private fun settle() {
        view.settings.apply {
            javaScriptEnabled = true
            domStorageEnabled = true
            allowFileAccess = false
            allowContentAccess = false
            setSupportMultipleWindows(false)
            textZoom = 100 // the page scales by text_scale, once
        }
        view.importantForAutofill = View.IMPORTANT_FOR_AUTOFILL_NO
        view.webViewClient = object : WebViewClient() {
            // The view stays at its address: elsewhere its bridge would belong to somebody else.
            override fun shouldOverrideUrlLoading(view: WebView, request: WebResourceRequest) = request.url.toString() != address

            override fun onRenderProcessGone(view: WebView, detail: android.webkit.RenderProcessGoneDetail): Boolean {
                finish()
                return true
            }
        }
        view.webChromeClient = object : WebChromeClient() {
            override fun onShowFileChooser(view: WebView, callback: ValueCallback<Array<Uri>>, asked: FileChooserParams): Boolean {
                picking?.onReceiveValue(null)
                picking = callback
                picker.launch(asked.createIntent())
                return true
            }
        }
    }

    // The bridge.

    private fun connect() {
        if (WebViewFeature.isFeatureSupported(WebViewFeature.WEB_MESSAGE_LISTENER)) {
            // Only pages of this one origin find the object.
            WebViewCompat.addWebMessageListener(view, "CountersignAndroid", setOf(Countersign.server)) { _, said, _, isMainFrame, proxy ->
                if (isMainFrame) {
                    reply = proxy
                    hear(said.data)
                }
            }
        } else {
            // Every page of the view would find it: shouldOverrideUrlLoading above keeps it to ours.
            view.addJavascriptInterface(
                object {
                    @JavascriptInterface
                    fun postMessage(text: String) {
                        view.post { hear(text) }
                    }
                },
                "CountersignAndroid",
            )
        }
    }

    private fun hear(text: String?) {
        val said = try {
            JSONObject(text ?: return)
        } catch (_: JSONException) {
            return
        }
        when (said.optString("type")) {
            "hello" -> {
                listening = true
                send(dressed(message("shell").put("platform", "android").put("version", version())))
                prove()
                open()
            }
            "prove" -> prove()
            "unread" -> Countersign.onUnread(said.optInt("n"))
            "close" -> finish()
            "link" -> visit(said.optString("url"))
            "state", "ended", "look" -> Unit // for an app that shows them in bars of its own
        }
    }

    private fun visit(url: String) {
        val target = Uri.parse(url)
        if (target.scheme !in setOf("http", "https", "mailto", "tel")) return
        try {
            startActivity(Intent(Intent.ACTION_VIEW, target).addCategory(Intent.CATEGORY_BROWSABLE))
        } catch (_: android.content.ActivityNotFoundException) {
            // Nothing on this device opens it.
        }
    }

    private fun send(said: JSONObject) {
        if (!listening) return
        val text = said.toString()
        val proxy = reply
        if (proxy != null) proxy.postMessage(text)
        else view.evaluateJavascript("CountersignShell.receive(${JSONObject.quote(text)})", null)
    }

    private fun message(type: String) = JSONObject().put("type", type)

    private fun dressed(said: JSONObject) = said.apply {
        val now = resources.configuration
        put("lang", now.locales[0].toLanguageTag())
        put("dir", if (now.layoutDirection == View.LAYOUT_DIRECTION_RTL) "rtl" else "ltr")
        put("theme", if (now.uiMode and Configuration.UI_MODE_NIGHT_MASK == Configuration.UI_MODE_NIGHT_YES) "dark" else "light")
        put("text_scale", now.fontScale.coerceIn(0.8f, 2f).toDouble())
        insets?.let { put("insets", it) }
    }

    /** What bars and cutouts cover, in the page's px. */
    private fun keep(all: WindowInsetsCompat) {
        val covered = all.getInsets(WindowInsetsCompat.Type.systemBars() or WindowInsetsCompat.Type.displayCutout())
        val density = resources.displayMetrics.density
        fun px(n: Int) = (n / density).toDouble()
        insets = JSONObject().put("top", px(covered.top)).put("right", px(covered.right)).put("bottom", px(covered.bottom)).put("left", px(covered.left))
        send(dressed(message("appearance")))
    }

    private fun version() = packageManager.getPackageInfo(packageName, 0).versionName.orEmpty()
}

/**
 * An example of Countersign.proof: your backend signs for the user of your own session. Keep that session in a file that is
 * encrypted by a key of the Android Keystore and left out of backups (dataExtractionRules), and hand in how to read it.
 */
class ProofFromBackend(private val endpoint: String, private val session: () -> String?) {
    suspend operator fun invoke(): JSONObject? = withContext(Dispatchers.IO) {
        val token = session() ?: return@withContext null // nobody is logged in
        val connection = URL(endpoint).openConnection() as HttpURLConnection
        try {
            connection.connectTimeout = 15_000
            connection.readTimeout = 15_000
            connection.useCaches = false
            connection.setRequestProperty("Authorization", "Bearer $token")
            if (connection.responseCode != 200) throw IOException("no proof: ${connection.responseCode}")
            val answer = connection.inputStream.bufferedReader().use { it.readText() }
            JSONObject().put("jwt", JSONObject(answer).getString("jwt"))
        } catch (e: JSONException) {
            throw IOException("no proof in the answer", e)
        } finally {
            connection.disconnect()
        }
    }
}
