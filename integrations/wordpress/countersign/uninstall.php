<?php
/**
 * Takes away everything that the plugin keeps, on every site of a network, and tells the
 * servers that the keys are not used any more.
 *
 * @package Countersign
 */

defined( 'WP_UNINSTALL_PLUGIN' ) || exit;

defined( 'COUNTERSIGN_VERSION' ) || define( 'COUNTERSIGN_VERSION', '1.0.0' );
require_once __DIR__ . '/includes/class-countersign-connection.php';

/**
 * Cleans the current site.
 */
function countersign_uninstall_site() {
	Countersign_Connection::disconnect();
	delete_option( Countersign_Connection::SETTINGS );
}

if ( is_multisite() ) {
	$countersign_sites = get_sites(
		array(
			'fields' => 'ids',
			'number' => 0,
		)
	);
	foreach ( $countersign_sites as $countersign_site ) {
		switch_to_blog( (int) $countersign_site );
		countersign_uninstall_site();
		restore_current_blog();
	}
} else {
	countersign_uninstall_site();
}
