<?php
/**
 * Plugin Name:       Countersign
 * Description:       Support chat that knows who it is talking to: visitors who are logged in here are signed for, so that the chat is theirs alone.
 * Version:           1.0.0
 * Requires at least: 5.9
 * Requires PHP:      7.4
 * License:           GPL-2.0-or-later
 * License URI:       https://www.gnu.org/licenses/gpl-2.0.html
 * Text Domain:       countersign
 * Domain Path:       /languages
 *
 * @package Countersign
 */

defined( 'ABSPATH' ) || exit;

define( 'COUNTERSIGN_VERSION', '1.0.0' );
define( 'COUNTERSIGN_FILE', __FILE__ );

require_once __DIR__ . '/includes/class-countersign-connection.php';
require_once __DIR__ . '/includes/class-countersign-token.php';
require_once __DIR__ . '/includes/class-countersign-page.php';
require_once __DIR__ . '/includes/class-countersign-settings.php';

Countersign_Connection::hook();
Countersign_Page::hook();
Countersign_Settings::hook();

add_action(
	'init',
	static function () {
		load_plugin_textdomain( 'countersign', false, dirname( plugin_basename( COUNTERSIGN_FILE ) ) . '/languages' );
	}
);

register_deactivation_hook( __FILE__, array( 'Countersign_Connection', 'deactivate' ) );
