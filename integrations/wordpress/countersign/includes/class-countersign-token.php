<?php
/**
 * Signs who is logged in.
 *
 * @package Countersign
 */

defined( 'ABSPATH' ) || exit;

/**
 * A JSON Web Token, HS256, for minutes: what is copied from a page is soon worth nothing.
 */
final class Countersign_Token {

	const LIFE = 600;

	/**
	 * A proof for a user of this site.
	 *
	 * @param WP_User $user    Who is logged in.
	 * @param string  $channel Whom it is for.
	 * @param string  $secret  As the server gave it: text, not decoded.
	 * @return string
	 */
	public static function sign( WP_User $user, $channel, $secret ) {
		$now    = time();
		$claims = array(
			'aud'     => $channel,
			'iat'     => $now,
			'exp'     => $now + self::LIFE,
			'user_id' => (string) $user->ID,
		) + self::claims( $user );

		$signed = self::encode( (string) wp_json_encode( array( 'alg' => 'HS256', 'typ' => 'JWT' ) ) ) . '.' . self::encode( (string) wp_json_encode( $claims ) );
		return $signed . '.' . self::encode( hash_hmac( 'sha256', $signed, $secret, true ) );
	}

	/**
	 * What is said of a user beside the id.
	 *
	 * WordPress lets people register with any address, and lets other plugins log them in
	 * before they have read a mail there. So the address is said to be unconfirmed: the
	 * team sees it, and it never opens anybody's history.
	 *
	 * @param WP_User $user Who is logged in.
	 * @return array
	 */
	private static function claims( WP_User $user ) {
		$claims = array();
		// WordPress keeps names as they stand in HTML; a claim is plain text.
		$name = wp_specialchars_decode( $user->display_name, ENT_QUOTES );
		if ( '' !== $name ) {
			$claims['name'] = $name;
		}
		if ( is_email( $user->user_email ) && strlen( $user->user_email ) <= 254 ) {
			$claims['email']          = $user->user_email;
			$claims['email_verified'] = false;
		}
		$claims['roles'] = implode( ' ', array_values( $user->roles ) );

		/**
		 * Adds to what is signed of a user, such as a customer number. Values are texts,
		 * numbers, booleans or null. What names the person or limits the proof cannot be
		 * changed here.
		 *
		 * @param array   $claims :: name → value.
		 * @param WP_User $user   Who is logged in.
		 */
		$claims = apply_filters( 'countersign_claims', $claims, $user );
		$claims = is_array( $claims ) ? $claims : array();

		$claims = array_diff_key( $claims, array_flip( array( 'aud', 'iat', 'exp', 'nbf', 'iss', 'sub', 'jti', 'user_id' ) ) );
		if ( isset( $claims['email'] ) ) {
			$claims['email_verified'] = false;
		}
		return array_filter(
			$claims,
			static function ( $value ) {
				return null === $value || is_scalar( $value );
			}
		);
	}

	/**
	 * Base64url, unpadded.
	 *
	 * @param string $bytes Anything.
	 * @return string
	 */
	private static function encode( $bytes ) {
		// phpcs:ignore WordPress.PHP.DiscouragedPHPFunctions.obfuscation_base64_encode -- RFC 7515 asks for it.
		return rtrim( strtr( base64_encode( $bytes ), '+/', '-_' ), '=' );
	}
}
