<?php
/**
 * The messenger on the site's pages, and the proof that they fetch for who is logged in.
 *
 * @package Countersign
 */

defined( 'ABSPATH' ) || exit;

/**
 * A page of WordPress may come out of a cache that was filled by somebody else. So a page
 * holds nothing of its visitor, not even a nonce: it is the same bytes for everybody. Who
 * is logged in is asked for afterwards, by a request that no cache answers (POST, and
 * no-store), from the login's own cookie.
 *
 * Another site cannot make that request on a visitor's behalf and read the answer: it
 * carries a header that browsers do not send across origins without asking, its origin is
 * looked at, and it takes a nonce of the visitor's own session. The nonce is handed out by
 * the same address under the same conditions, and never printed into a page.
 */
final class Countersign_Page {

	const ACTION = 'countersign_proof';
	// Says that somebody may be logged in: a random word, made anew with each login. It
	// opens nothing; it spares visitors who are nobody a request with each page.
	const HINT = 'countersign_user';

	/**
	 * Takes part in pages, log-ins and log-outs.
	 */
	public static function hook() {
		add_action( 'wp_enqueue_scripts', array( __CLASS__, 'enqueue' ) );
		add_filter( 'script_loader_tag', array( __CLASS__, 'load_async' ), 10, 2 );
		add_action( 'wp_ajax_' . self::ACTION, array( __CLASS__, 'answer' ) );
		add_action( 'wp_ajax_nopriv_' . self::ACTION, array( __CLASS__, 'answer' ) );
		add_action( 'set_logged_in_cookie', array( __CLASS__, 'logged_in' ), 10, 2 );
		add_action( 'clear_auth_cookie', array( __CLASS__, 'logged_out' ) );
		add_action( 'init', array( __CLASS__, 'keep_hint' ) );
	}

	/**
	 * Puts the messenger on the page: the same for everybody.
	 */
	public static function enqueue() {
		if ( ! Countersign_Connection::signs() ) {
			return;
		}
		$known    = Countersign_Connection::get();
		$settings = Countersign_Settings::get();
		$page     = array(
			'channel' => $known['channel'],
			'ask'     => admin_url( 'admin-ajax.php', 'relative' ),
			'action'  => self::ACTION,
			'hint'    => self::HINT,
			'members' => 'members' === $settings['show'],
		);
		wp_enqueue_script( 'countersign-page', plugins_url( 'assets/page.js', COUNTERSIGN_FILE ), array(), COUNTERSIGN_VERSION, true );
		wp_add_inline_script(
			'countersign-page',
			'window.countersignPage = ' . wp_json_encode( $page, JSON_HEX_TAG | JSON_HEX_AMP | JSON_HEX_APOS | JSON_HEX_QUOT ) . ';',
			'before'
		);
		// phpcs:ignore WordPress.WP.EnqueuedResourceParameters.MissingVersion -- the server says how long its loader may be kept.
		wp_enqueue_script( 'countersign', $known['url'] . '/v1.js', array( 'countersign-page' ), null, true );
	}

	/**
	 * Lets the page go on while the loader is fetched.
	 *
	 * @param string $tag    The script element.
	 * @param string $handle Whose it is.
	 * @return string
	 */
	public static function load_async( $tag, $handle ) {
		return 'countersign' === $handle && false === strpos( $tag, ' async' ) ? str_replace( ' src=', ' async src=', $tag ) : $tag;
	}

	/**
	 * Answers who is logged in, to the site's own pages alone.
	 */
	public static function answer() {
		// By the filter, since WordPress sets these headers once more on its way out.
		add_filter(
			'nocache_headers',
			static function ( $headers ) {
				$headers['Cache-Control'] = 'no-store, private, max-age=0';
				$headers['Vary']          = 'Cookie';
				return $headers;
			}
		);
		nocache_headers();
		if ( ! self::is_own_page() ) {
			wp_send_json( array( 'error' => 'foreign' ), 403 );
		}
		$user = wp_get_current_user();
		if ( ! $user->exists() || ! Countersign_Connection::signs() ) {
			wp_send_json( array( 'proof' => null ) );
		}
		$nonce = isset( $_SERVER['HTTP_X_COUNTERSIGN'] ) ? sanitize_text_field( wp_unslash( $_SERVER['HTTP_X_COUNTERSIGN'] ) ) : '';
		if ( ! wp_verify_nonce( $nonce, self::ACTION ) ) {
			wp_send_json( array( 'nonce' => wp_create_nonce( self::ACTION ) ) ); // No error: browsers would show one to the visitor's developer.
		}
		$known = Countersign_Connection::get();
		wp_send_json( array( 'proof' => Countersign_Token::sign( $user, $known['channel'], Countersign_Connection::secret() ) ) );
	}

	/**
	 * Whether the request was made by a page of this site.
	 *
	 * @return bool
	 */
	private static function is_own_page() {
		$method = isset( $_SERVER['REQUEST_METHOD'] ) ? sanitize_key( wp_unslash( $_SERVER['REQUEST_METHOD'] ) ) : '';
		if ( 'post' !== $method || ! isset( $_SERVER['HTTP_X_COUNTERSIGN'] ) ) {
			return false;
		}
		$fetched = isset( $_SERVER['HTTP_SEC_FETCH_SITE'] ) ? sanitize_key( wp_unslash( $_SERVER['HTTP_SEC_FETCH_SITE'] ) ) : 'same-origin';
		$origin  = isset( $_SERVER['HTTP_ORIGIN'] ) ? sanitize_text_field( wp_unslash( $_SERVER['HTTP_ORIGIN'] ) ) : Countersign_Connection::origin();
		return 'same-origin' === $fetched && strtolower( $origin ) === Countersign_Connection::origin();
	}

	/**
	 * Somebody logged in.
	 *
	 * @param string $cookie Of the login; not looked at.
	 * @param int    $expire When the browser forgets it; 0: with its window.
	 */
	public static function logged_in( $cookie, $expire ) {
		self::set_hint( wp_generate_password( 16, false ), (int) $expire );
	}

	/**
	 * Somebody logged out. The next page, and every open one that is looked at again, says
	 * so to the messenger.
	 */
	public static function logged_out() {
		self::set_hint( '', time() - YEAR_IN_SECONDS );
	}

	/**
	 * Gives those their hint who logged in before the plugin was there, and takes one back
	 * that outlived its login.
	 */
	public static function keep_hint() {
		if ( headers_sent() || wp_doing_ajax() || wp_doing_cron() || ( defined( 'REST_REQUEST' ) && REST_REQUEST ) ) {
			return;
		}
		$there = ! empty( $_COOKIE[ self::HINT ] );
		if ( is_user_logged_in() && ! $there ) {
			self::set_hint( wp_generate_password( 16, false ), 0 );
		} elseif ( $there && ! is_user_logged_in() ) {
			self::logged_out();
		}
	}

	/**
	 * Writes the hint, readable by the page's script.
	 *
	 * @param string $word   Empty to take it away.
	 * @param int    $expire As setcookie takes it.
	 */
	private static function set_hint( $word, $expire ) {
		if ( headers_sent() ) {
			return;
		}
		setcookie(
			self::HINT,
			$word,
			array(
				'expires'  => $expire,
				'path'     => COOKIEPATH ? COOKIEPATH : '/',
				'domain'   => (string) COOKIE_DOMAIN,
				'secure'   => is_ssl(),
				'httponly' => false,
				'samesite' => 'Lax',
			)
		);
		if ( '' === $word ) {
			unset( $_COOKIE[ self::HINT ] );
		} else {
			$_COOKIE[ self::HINT ] = $word;
		}
	}
}
