/**
 * Looks every few seconds whether somebody has confirmed this site, and shows the page anew
 * when its state is another.
 */
( function () {
	'use strict';

	var page = window.countersignSettings;
	var state = document.getElementById( 'countersign-state' );
	if ( ! page || ! state ) {
		return;
	}
	function look() {
		window
			.fetch( page.ask, {
				method: 'POST',
				credentials: 'same-origin',
				headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
				body: 'action=' + encodeURIComponent( page.action ) + '&_ajax_nonce=' + encodeURIComponent( page.nonce ),
			} )
			.then( function ( response ) {
				return response.json();
			} )
			.then( function ( answer ) {
				if ( answer.success && answer.data.state !== state.dataset.state ) {
					window.location.reload();
					return;
				}
				later();
			}, later );
	}
	function later() {
		window.setTimeout( look, document.visibilityState === 'hidden' ? 30000 : 4000 );
	}
	later();
} )();
