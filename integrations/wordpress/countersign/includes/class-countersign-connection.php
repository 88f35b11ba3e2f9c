<?php
/**
 * Which Countersign server this site is connected to, and with which key.
 *
 * @package Countersign
 */

defined( 'ABSPATH' ) || exit;

/**
 * The connection has two halves. What every page may say (server, channel, state) is one
 * option, loaded with each page. The secret is another that is not: it is read where it
 * signs, and nowhere else.
 *
 * Whoever keeps secrets out of the database defines COUNTERSIGN_URL, COUNTERSIGN_CHANNEL
 * and COUNTERSIGN_SECRET in wp-config.php instead, with a key of the dialect native-jwt
 * made in the console; then neither option is read or written.
 */
final class Countersign_Connection {

	const PUBLIC_HALF = 'countersign_connection';
	const SECRET_HALF = 'countersign_secret';
	const SETTINGS    = 'countersign_settings';
	const EVENT       = 'countersign_check';

	const WAITING   = 'waiting';
	const CONNECTED = 'confirmed';

	/**
	 * Names the event that asks how a registration stands.
	 */
	public static function hook() {
		add_action( self::EVENT, array( __CLASS__, 'check' ) );
	}

	/**
	 * Stops asking; what is connected stays so until the plugin is deleted.
	 */
	public static function deactivate() {
		wp_clear_scheduled_hook( self::EVENT );
	}

	/**
	 * Whether wp-config.php says how this site is connected.
	 *
	 * @return bool
	 */
	public static function is_fixed() {
		return defined( 'COUNTERSIGN_URL' ) && defined( 'COUNTERSIGN_CHANNEL' ) && defined( 'COUNTERSIGN_SECRET' );
	}

	/**
	 * What any page may know: url, channel, state, site, confirm_by, checked_at.
	 *
	 * @return array Empty if this site is not connected.
	 */
	public static function get() {
		if ( self::is_fixed() ) {
			return array(
				'url'     => untrailingslashit( (string) constant( 'COUNTERSIGN_URL' ) ),
				'channel' => (string) constant( 'COUNTERSIGN_CHANNEL' ),
				'state'   => self::CONNECTED,
				'site'    => self::origin(),
			);
		}
		$known = get_option( self::PUBLIC_HALF );
		return is_array( $known ) && isset( $known['url'], $known['channel'], $known['state'] ) ? $known : array();
	}

	/**
	 * The secret that signs, empty if there is none.
	 *
	 * @return string
	 */
	public static function secret() {
		if ( self::is_fixed() ) {
			return (string) constant( 'COUNTERSIGN_SECRET' );
		}
		$kept = get_option( self::SECRET_HALF );
		return is_array( $kept ) && isset( $kept['secret'] ) ? (string) $kept['secret'] : '';
	}

	/**
	 * Whether this site signs for its users: somebody has confirmed it, and it is still the
	 * site that was confirmed. A copy of the database under another address (staging, a
	 * move) does not go on signing as the original.
	 *
	 * @return bool
	 */
	public static function signs() {
		$known = self::get();
		return $known && self::CONNECTED === $known['state'] && self::origin() === $known['site'] && '' !== self::secret();
	}

	/**
	 * This site's own origin, as browsers spell it.
	 *
	 * @return string
	 */
	public static function origin() {
		$parts  = wp_parse_url( home_url() );
		$scheme = isset( $parts['scheme'] ) ? strtolower( $parts['scheme'] ) : 'https';
		$host   = isset( $parts['host'] ) ? strtolower( $parts['host'] ) : '';
		$port   = isset( $parts['port'] ) ? (int) $parts['port'] : 0;
		$plain  = 0 === $port || ( 'https' === $scheme && 443 === $port ) || ( 'http' === $scheme && 80 === $port );
		return $scheme . '://' . $host . ( $plain ? '' : ':' . $port );
	}

	/**
	 * The server's address in one spelling, or what is wrong with it.
	 *
	 * The answer to a registration carries a secret, so it does not travel unencrypted
	 * except to this machine itself.
	 *
	 * @param string $text As it was pasted.
	 * @return string|WP_Error
	 */
	public static function parse_url( $text ) {
		$parts = wp_parse_url( trim( $text ) );
		if ( ! is_array( $parts ) || empty( $parts['host'] ) || empty( $parts['scheme'] ) || ! in_array( strtolower( $parts['scheme'] ), array( 'http', 'https' ), true )
			|| isset( $parts['user'] ) || isset( $parts['query'] ) || isset( $parts['fragment'] ) || ( isset( $parts['path'] ) && '/' !== $parts['path'] ) ) {
			return new WP_Error( 'countersign_url', __( 'The address of the server looks like https://chat.example.com, and nothing more.', 'countersign' ) );
		}
		$host  = strtolower( $parts['host'] );
		$local = in_array( $host, array( 'localhost', '127.0.0.1', '[::1]' ), true );
		if ( 'https' !== strtolower( $parts['scheme'] ) && ! $local ) {
			return new WP_Error( 'countersign_url', __( 'The address must begin with https://: the answer to a registration carries a secret.', 'countersign' ) );
		}
		return strtolower( $parts['scheme'] ) . '://' . $host . ( isset( $parts['port'] ) ? ':' . (int) $parts['port'] : '' );
	}

	/**
	 * Spends a registration token.
	 *
	 * @param string $url   Address of the server.
	 * @param string $token Made in the console.
	 * @return true|WP_Error
	 */
	public static function register( $url, $token ) {
		$url = self::parse_url( $url );
		if ( is_wp_error( $url ) ) {
			return $url;
		}
		if ( ! preg_match( '/^csr_[A-Za-z0-9_-]{43}$/', $token ) ) {
			return new WP_Error( 'countersign_token', __( 'That is not a registration token. It begins with csr_ and is shown once, when it is made.', 'countersign' ) );
		}
		$answer = self::post(
			$url . '/api/v1/register',
			array(
				'token'    => $token,
				'site'     => self::origin(),
				'name'     => wp_specialchars_decode( get_bloginfo( 'name' ), ENT_QUOTES ),
				'software' => 'WordPress/' . get_bloginfo( 'version' ) . ' Countersign/' . COUNTERSIGN_VERSION,
			),
			is_multisite() && ! current_user_can( 'manage_network_options' )
		);
		if ( is_wp_error( $answer ) ) {
			return $answer;
		}
		foreach ( array( 'channel', 'secret', 'receipt', 'key_id', 'dialect' ) as $field ) {
			if ( empty( $answer[ $field ] ) || ! is_string( $answer[ $field ] ) ) {
				return new WP_Error( 'countersign_answer', __( 'The server gave an answer that this plugin does not understand.', 'countersign' ) );
			}
		}
		if ( 'native-jwt' !== $answer['dialect'] || ! preg_match( '/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/', $answer['channel'] ) ) {
			return new WP_Error( 'countersign_answer', __( 'The server gave an answer that this plugin does not understand.', 'countersign' ) );
		}
		update_option(
			self::SECRET_HALF,
			array(
				'secret'  => $answer['secret'],
				'receipt' => $answer['receipt'],
				'key_id'  => $answer['key_id'],
			),
			false
		);
		update_option(
			self::PUBLIC_HALF,
			array(
				'url'        => $url,
				'channel'    => $answer['channel'],
				'state'      => self::WAITING,
				'site'       => self::origin(),
				'confirm_by' => isset( $answer['confirm_by'] ) ? (int) strtotime( (string) $answer['confirm_by'] ) : 0,
				'checked_at' => time(),
			),
			true
		);
		wp_clear_scheduled_hook( self::EVENT );
		wp_schedule_single_event( time() + MINUTE_IN_SECONDS, self::EVENT );
		return true;
	}

	/**
	 * Asks how the registration stands and keeps the answer. While it waits, asks again
	 * in a minute; afterwards twice a day, so that a key that was revoked is noticed.
	 *
	 * @return true|WP_Error
	 */
	public static function check() {
		$known = self::get();
		$kept  = get_option( self::SECRET_HALF );
		if ( self::is_fixed() || ! $known || ! is_array( $kept ) || empty( $kept['receipt'] ) ) {
			return true;
		}
		wp_clear_scheduled_hook( self::EVENT );
		$answer = self::post( $known['url'] . '/api/v1/register/status', array( 'receipt' => $kept['receipt'] ) );
		if ( ! is_wp_error( $answer ) ) {
			$states              = array( 'waiting', 'lapsed', 'confirmed', 'refused', 'ended' );
			$known['state']      = isset( $answer['state'] ) && in_array( $answer['state'], $states, true ) ? $answer['state'] : $known['state'];
			$known['checked_at'] = time();
			update_option( self::PUBLIC_HALF, $known, true );
		}
		if ( in_array( $known['state'], array( self::WAITING, self::CONNECTED ), true ) ) {
			wp_schedule_single_event( time() + ( self::WAITING === $known['state'] ? MINUTE_IN_SECONDS : 12 * HOUR_IN_SECONDS ), self::EVENT );
		}
		return is_wp_error( $answer ) ? $answer : true;
	}

	/**
	 * Forgets the connection. What the server keeps of it ends there: the server is told,
	 * as far as it can be reached. A copy of the site under another address says nothing,
	 * since the original goes on.
	 *
	 * @return true|WP_Error
	 */
	public static function disconnect() {
		$known = get_option( self::PUBLIC_HALF );
		$kept  = get_option( self::SECRET_HALF );
		$told  = true;
		if ( is_array( $known ) && ! empty( $known['url'] ) && is_array( $kept ) && ! empty( $kept['receipt'] )
			&& isset( $known['site'] ) && self::origin() === $known['site'] ) {
			$told = self::post( $known['url'] . '/api/v1/register/withdraw', array( 'receipt' => $kept['receipt'] ) );
		}
		delete_option( self::SECRET_HALF );
		delete_option( self::PUBLIC_HALF );
		wp_clear_scheduled_hook( self::EVENT );
		return is_wp_error( $told ) ? $told : true;
	}

	/**
	 * One call to the server. Redirects are not followed: whoever can answer for the
	 * server's address must not be able to send a token elsewhere.
	 *
	 * @param string $url      Whole address.
	 * @param array  $body     What is said.
	 * @param bool   $confined The address is one that somebody entered who looks after one site
	 *                         of a network: it leads to nothing inside the machine or its own net.
	 * @return array|WP_Error
	 */
	private static function post( $url, $body, $confined = false ) {
		$response = wp_remote_post(
			$url,
			array(
				'timeout'            => 10,
				'redirection'        => 0,
				'reject_unsafe_urls' => $confined,
				'headers'            => array( 'Content-Type' => 'application/json' ),
				'body'               => wp_json_encode( $body ),
			)
		);
		if ( is_wp_error( $response ) ) {
			/* translators: %s: what went wrong, in the words of WordPress. */
			return new WP_Error( 'countersign_unreachable', sprintf( __( 'The server cannot be reached: %s', 'countersign' ), $response->get_error_message() ) );
		}
		$status = (int) wp_remote_retrieve_response_code( $response );
		$answer = json_decode( wp_remote_retrieve_body( $response ), true );
		$answer = is_array( $answer ) ? $answer : array();
		if ( $status >= 200 && $status < 300 ) {
			return $answer;
		}
		switch ( isset( $answer['code'] ) ? $answer['code'] : '' ) {
			case 'registration_refused':
				return new WP_Error( 'countersign_refused', __( 'The server does not take this token: it was used, is older than 30 minutes, or was taken back. Make a new one in the console.', 'countersign' ) );
			case 'too_many':
				return new WP_Error( 'countersign_limited', __( 'The server was asked too often from here. Wait a few minutes.', 'countersign' ) );
			case 'request_invalid':
				/* translators: %s: this site's address. */
				return new WP_Error( 'countersign_site', sprintf( __( 'The server does not take this site’s address: %s', 'countersign' ), self::origin() ) );
		}
		/* translators: %d: HTTP status. */
		return new WP_Error( 'countersign_status', sprintf( __( 'Nothing of Countersign answers there (status %d). Copy the address from the console.', 'countersign' ), $status ) );
	}
}
