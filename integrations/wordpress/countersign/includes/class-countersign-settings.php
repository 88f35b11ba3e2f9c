<?php
/**
 * The settings page: connect, see how it stands, disconnect.
 *
 * @package Countersign
 */

defined( 'ABSPATH' ) || exit;

/**
 * Everything here takes the capability to manage options and a nonce.
 */
final class Countersign_Settings {

	const PAGE       = 'countersign';
	const CONNECT    = 'countersign_connect';
	const DISCONNECT = 'countersign_disconnect';
	const LOOK       = 'countersign_look';

	/**
	 * Takes part in the administration.
	 */
	public static function hook() {
		add_action( 'admin_menu', array( __CLASS__, 'add_page' ) );
		add_action( 'admin_init', array( __CLASS__, 'register' ) );
		add_action( 'admin_post_' . self::CONNECT, array( __CLASS__, 'connect' ) );
		add_action( 'admin_post_' . self::DISCONNECT, array( __CLASS__, 'disconnect' ) );
		add_action( 'wp_ajax_' . self::LOOK, array( __CLASS__, 'look' ) );
		add_action( 'admin_enqueue_scripts', array( __CLASS__, 'enqueue' ) );
		add_filter( 'plugin_action_links_' . plugin_basename( COUNTERSIGN_FILE ), array( __CLASS__, 'link' ) );
	}

	/**
	 * What the site chose, complete.
	 *
	 * @return array
	 */
	public static function get() {
		return self::sanitize( get_option( Countersign_Connection::SETTINGS ) );
	}

	/**
	 * Keeps only what is a setting.
	 *
	 * @param mixed $given From a form or the database.
	 * @return array
	 */
	public static function sanitize( $given ) {
		$show = is_array( $given ) && isset( $given['show'] ) ? $given['show'] : '';
		return array( 'show' => 'members' === $show ? 'members' : 'everyone' );
	}

	/**
	 * Names the page.
	 */
	public static function add_page() {
		add_options_page( __( 'Countersign', 'countersign' ), __( 'Countersign', 'countersign' ), 'manage_options', self::PAGE, array( __CLASS__, 'show' ) );
	}

	/**
	 * Names the settings.
	 */
	public static function register() {
		register_setting(
			self::PAGE,
			Countersign_Connection::SETTINGS,
			array(
				'type'              => 'array',
				'sanitize_callback' => array( __CLASS__, 'sanitize' ),
				'default'           => self::sanitize( null ),
			)
		);
		add_settings_section( 'countersign_look', __( 'On your pages', 'countersign' ), '__return_null', self::PAGE );
		add_settings_field( 'countersign_show', __( 'Show the chat to', 'countersign' ), array( __CLASS__, 'show_field' ), self::PAGE, 'countersign_look' );
	}

	/**
	 * Leads from the list of plugins to the page.
	 *
	 * @param array $links Of the plugin.
	 * @return array
	 */
	public static function link( $links ) {
		$own = '<a href="' . esc_url( self::url() ) . '">' . esc_html__( 'Settings', 'countersign' ) . '</a>';
		return array_merge( array( $own ), (array) $links );
	}

	/**
	 * Where the page is.
	 *
	 * @return string
	 */
	private static function url() {
		return admin_url( 'options-general.php?page=' . self::PAGE );
	}

	/**
	 * While somebody's word is waited for, the page looks by itself.
	 *
	 * @param string $hook Which page of the administration.
	 */
	public static function enqueue( $hook ) {
		$known = Countersign_Connection::get();
		if ( 'settings_page_' . self::PAGE !== $hook || ! $known || Countersign_Connection::WAITING !== $known['state'] ) {
			return;
		}
		wp_enqueue_script( 'countersign-settings', plugins_url( 'assets/settings.js', COUNTERSIGN_FILE ), array(), COUNTERSIGN_VERSION, true );
		wp_add_inline_script(
			'countersign-settings',
			'window.countersignSettings = ' . wp_json_encode(
				array(
					'ask'    => admin_url( 'admin-ajax.php', 'relative' ),
					'action' => self::LOOK,
					'nonce'  => wp_create_nonce( self::LOOK ),
				),
				JSON_HEX_TAG | JSON_HEX_AMP | JSON_HEX_APOS | JSON_HEX_QUOT
			) . ';',
			'before'
		);
	}

	/**
	 * Tells the page's script how the registration stands.
	 */
	public static function look() {
		check_ajax_referer( self::LOOK );
		if ( ! current_user_can( 'manage_options' ) ) {
			wp_send_json_error( null, 403 );
		}
		Countersign_Connection::check();
		$known = Countersign_Connection::get();
		wp_send_json_success( array( 'state' => $known ? $known['state'] : '' ) );
	}

	/**
	 * Spends the token that was pasted.
	 */
	public static function connect() {
		self::admit( self::CONNECT );
		// phpcs:disable WordPress.Security.NonceVerification.Missing -- admit has looked at it.
		$url   = isset( $_POST['countersign_url'] ) ? sanitize_text_field( wp_unslash( $_POST['countersign_url'] ) ) : '';
		$token = isset( $_POST['countersign_token'] ) ? sanitize_text_field( wp_unslash( $_POST['countersign_token'] ) ) : '';
		// phpcs:enable
		$done = Countersign_Connection::register( $url, trim( $token ) );
		self::back( $done, __( 'Registered. Now somebody confirms this site in the console of Countersign.', 'countersign' ) );
	}

	/**
	 * Forgets the connection.
	 */
	public static function disconnect() {
		self::admit( self::DISCONNECT );
		$done = Countersign_Connection::disconnect();
		if ( is_wp_error( $done ) ) {
			$done = new WP_Error(
				'countersign_untold',
				/* translators: %s: why. */
				sprintf( __( 'Disconnected here. The server could not be told, so revoke the key of this site in the console. (%s)', 'countersign' ), $done->get_error_message() )
			);
		}
		self::back( $done, __( 'Disconnected. This site signs for nobody, and its key is worth nothing any more.', 'countersign' ) );
	}

	/**
	 * Lets in whoever manages this site and comes from its form.
	 *
	 * @param string $action Of the form.
	 */
	private static function admit( $action ) {
		if ( ! current_user_can( 'manage_options' ) ) {
			wp_die( esc_html__( 'You may not do that.', 'countersign' ), '', array( 'response' => 403 ) );
		}
		check_admin_referer( $action );
		if ( Countersign_Connection::is_fixed() ) {
			wp_die( esc_html__( 'This site is connected by wp-config.php.', 'countersign' ), '', array( 'response' => 409 ) );
		}
	}

	/**
	 * Leads back to the page, with a sentence.
	 *
	 * @param true|WP_Error $done What came of it.
	 * @param string        $good The sentence if it worked.
	 */
	private static function back( $done, $good ) {
		$bad = is_wp_error( $done );
		add_settings_error( self::PAGE, 'countersign', $bad ? $done->get_error_message() : $good, $bad ? 'error' : 'success' );
		set_transient( 'settings_errors', get_settings_errors(), 30 );
		wp_safe_redirect( add_query_arg( 'settings-updated', 'true', self::url() ) );
		exit;
	}

	/**
	 * The page.
	 */
	public static function show() {
		if ( ! current_user_can( 'manage_options' ) ) {
			return;
		}
		$known = Countersign_Connection::get();
		if ( ! empty( $known['checked_at'] ) && time() - $known['checked_at'] > MINUTE_IN_SECONDS ) {
			Countersign_Connection::check(); // A server that does not answer changes nothing of what is shown.
			$known = Countersign_Connection::get();
		}
		?>
		<div class="wrap">
			<h1><?php echo esc_html( get_admin_page_title() ); ?></h1>
			<?php
			if ( ! $known ) {
				self::show_connect( '' );
			} else {
				self::show_state( $known );
			}
			if ( $known && Countersign_Connection::CONNECTED === $known['state'] ) {
				?>
				<form action="options.php" method="post">
					<?php
					settings_fields( self::PAGE );
					do_settings_sections( self::PAGE );
					submit_button();
					?>
				</form>
				<?php
			}
			?>
		</div>
		<?php
	}

	/**
	 * The form that connects.
	 *
	 * @param string $url As it was given before.
	 */
	private static function show_connect( $url ) {
		?>
		<p><?php esc_html_e( 'In the console of your Countersign server, open Channels, choose “Connect a site” and copy what it shows. Then paste both here.', 'countersign' ); ?></p>
		<form action="<?php echo esc_url( admin_url( 'admin-post.php' ) ); ?>" method="post" autocomplete="off">
			<input type="hidden" name="action" value="<?php echo esc_attr( self::CONNECT ); ?>">
			<?php wp_nonce_field( self::CONNECT ); ?>
			<table class="form-table" role="presentation">
				<tr>
					<th scope="row"><label for="countersign_url"><?php esc_html_e( 'Address of the server', 'countersign' ); ?></label></th>
					<td><input type="url" class="regular-text code" id="countersign_url" name="countersign_url" value="<?php echo esc_attr( $url ); ?>" placeholder="https://chat.example.com" required></td>
				</tr>
				<tr>
					<th scope="row"><label for="countersign_token"><?php esc_html_e( 'Registration token', 'countersign' ); ?></label></th>
					<td>
						<input type="text" class="regular-text code" id="countersign_token" name="countersign_token" value="" placeholder="csr_…" spellcheck="false" required aria-describedby="countersign_token_hint">
						<p class="description" id="countersign_token_hint"><?php esc_html_e( 'Good for one site and thirty minutes.', 'countersign' ); ?></p>
					</td>
				</tr>
			</table>
			<?php submit_button( __( 'Connect', 'countersign' ) ); ?>
		</form>
		<?php
	}

	/**
	 * How the connection stands, and what to do about it.
	 *
	 * @param array $known Of the connection.
	 */
	private static function show_state( $known ) {
		list( $kind, $title, $text ) = self::words( $known );
		?>
		<div class="notice notice-<?php echo esc_attr( $kind ); ?> inline" id="countersign-state" data-state="<?php echo esc_attr( $known['state'] ); ?>">
			<p><strong><?php echo esc_html( $title ); ?></strong></p>
			<p><?php echo esc_html( $text ); ?></p>
		</div>
		<table class="form-table" role="presentation">
			<tr>
				<th scope="row"><?php esc_html_e( 'Server', 'countersign' ); ?></th>
				<td><code><?php echo esc_html( $known['url'] ); ?></code></td>
			</tr>
			<tr>
				<th scope="row"><?php esc_html_e( 'Channel', 'countersign' ); ?></th>
				<td><code><?php echo esc_html( $known['channel'] ); ?></code></td>
			</tr>
			<tr>
				<th scope="row"><?php esc_html_e( 'This site', 'countersign' ); ?></th>
				<td><code><?php echo esc_html( $known['site'] ); ?></code></td>
			</tr>
		</table>
		<?php
		if ( Countersign_Connection::is_fixed() ) {
			echo '<p>' . esc_html__( 'This is set in wp-config.php.', 'countersign' ) . '</p>';
			return;
		}
		?>
		<form action="<?php echo esc_url( admin_url( 'admin-post.php' ) ); ?>" method="post">
			<input type="hidden" name="action" value="<?php echo esc_attr( self::DISCONNECT ); ?>">
			<?php
			wp_nonce_field( self::DISCONNECT );
			$dead = ! in_array( $known['state'], array( Countersign_Connection::WAITING, Countersign_Connection::CONNECTED ), true );
			submit_button( $dead ? __( 'Start again', 'countersign' ) : __( 'Disconnect', 'countersign' ), $dead ? 'primary' : 'secondary', 'submit', true );
			?>
		</form>
		<?php
	}

	/**
	 * What a state means to whoever reads it.
	 *
	 * @param array $known Of the connection.
	 * @return array Kind of notice, title, text.
	 */
	private static function words( $known ) {
		if ( Countersign_Connection::origin() !== $known['site'] ) {
			return array(
				'warning',
				__( 'This is another address than the one that was confirmed', 'countersign' ),
				/* translators: 1: confirmed address, 2: present address. */
				sprintf( __( 'It was confirmed for %1$s, and this is %2$s: a copy of that site, or a move. Nobody is signed for here. Disconnect to connect this address by itself; the original goes on.', 'countersign' ), $known['site'], Countersign_Connection::origin() ),
			);
		}
		switch ( $known['state'] ) {
			case Countersign_Connection::CONNECTED:
				return array(
					'success',
					__( 'Connected', 'countersign' ),
					__( 'The chat is on your pages. Whoever is logged in, customers of a shop included, is signed for; everybody else is anonymous.', 'countersign' ),
				);
			case Countersign_Connection::WAITING:
				return array(
					'info',
					__( 'Waiting to be confirmed', 'countersign' ),
					/* translators: %s: this site's address. */
					sprintf( __( 'Somebody who looks after Countersign confirms %s in its console, under Channels. Until then nothing is shown on your pages. This page notices by itself.', 'countersign' ), $known['site'] ),
				);
			case 'refused':
				return array( 'error', __( 'Refused', 'countersign' ), __( 'Somebody refused this site in the console. If that was a mistake, start again with a new token.', 'countersign' ) );
			case 'lapsed':
				return array( 'error', __( 'Nobody confirmed this site in time', 'countersign' ), __( 'A registration waits for a week. Start again with a new token.', 'countersign' ) );
		}
		return array( 'error', __( 'The key of this site has ended', 'countersign' ), __( 'It was revoked or replaced in the console, so nobody is signed for. Start again with a new token.', 'countersign' ) );
	}

	/**
	 * Who sees the chat.
	 */
	public static function show_field() {
		$settings = self::get();
		$choices  = array(
			'everyone' => __( 'Everybody: who is logged in is verified, others chat anonymously', 'countersign' ),
			'members'  => __( 'Only who is logged in', 'countersign' ),
		);
		echo '<fieldset><legend class="screen-reader-text">' . esc_html__( 'Show the chat to', 'countersign' ) . '</legend>';
		foreach ( $choices as $value => $label ) {
			printf(
				'<label><input type="radio" name="%1$s[show]" value="%2$s" %3$s> %4$s</label><br>',
				esc_attr( Countersign_Connection::SETTINGS ),
				esc_attr( $value ),
				checked( $settings['show'], $value, false ),
				esc_html( $label )
			);
		}
		echo '</fieldset>';
	}
}
