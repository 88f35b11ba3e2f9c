/**
 * Starts the messenger and says who is logged in.
 *
 * The page itself may have come out of a cache and knows nobody: a proof is fetched when the
 * messenger asks for one, and again whenever it runs out.
 */
( function () {
	'use strict';

	var page = window.countersignPage;
	if ( ! page || ! page.channel ) {
		return;
	}
	var said = 'countersign_said'; // for whom this browser last spoke to the messenger
	var nonceKey = 'countersign_nonce';
	var speaksFor = '';
	var memory = {};

	function chat() {
		window.Countersign.apply( null, arguments );
	}
	window.Countersign =
		window.Countersign ||
		function () {
			( window.Countersign.q = window.Countersign.q || [] ).push( arguments );
		};

	// Storage may be forbidden; then what it would keep lives as long as the page.
	function read( storage, name ) {
		try {
			return window[ storage ].getItem( name ) || '';
		} catch ( e ) {
			return memory[ name ] || '';
		}
	}
	function write( storage, name, value ) {
		memory[ name ] = value;
		try {
			if ( value ) {
				window[ storage ].setItem( name, value );
			} else {
				window[ storage ].removeItem( name );
			}
		} catch ( e ) {
			// It stays in memory.
		}
	}

	function hint() {
		var found = document.cookie.split( '; ' ).filter( function ( pair ) {
			return pair.indexOf( page.hint + '=' ) === 0;
		} )[ 0 ];
		return found ? found.slice( page.hint.length + 1 ) : '';
	}

	function ask( again ) {
		return window
			.fetch( page.ask, {
				method: 'POST',
				credentials: 'same-origin',
				cache: 'no-store',
				headers: {
					'Content-Type': 'application/x-www-form-urlencoded',
					'X-Countersign': read( 'sessionStorage', nonceKey ) || 'none',
				},
				body: 'action=' + encodeURIComponent( page.action ),
			} )
			.then( function ( response ) {
				return response.json().then( function ( answer ) {
					if ( answer.nonce && ! again ) {
						write( 'sessionStorage', nonceKey, answer.nonce );
						return ask( true );
					}
					if ( ! response.ok || answer.proof === undefined ) {
						throw new Error( 'no proof' );
					}
					return answer.proof ? { jwt: answer.proof } : null;
				} );
			} );
	}

	function provide() {
		return ask( false );
	}

	// Whoever is logged in now is who the messenger hears of; nobody, if that is nobody.
	function follow() {
		var now = hint();
		if ( now === speaksFor && now ) {
			return;
		}
		var was = speaksFor || read( 'localStorage', said );
		if ( was && was !== now ) {
			write( 'sessionStorage', nonceKey, '' );
			chat( 'logout' );
		}
		if ( now && now !== speaksFor ) {
			chat( 'identify', provide );
		}
		speaksFor = now;
		write( 'localStorage', said, now );
	}

	follow();
	if ( ! page.members || speaksFor ) {
		chat( 'init', { channel: page.channel } );
	}

	// A log-out in another tab counts here as soon as this one is looked at, and a page that
	// the browser kept for its back button is nobody's until it is asked again.
	function look() {
		if ( document.visibilityState !== 'hidden' ) {
			follow();
		}
	}
	document.addEventListener( 'visibilitychange', look );
	window.addEventListener( 'focus', look );
	window.addEventListener( 'pageshow', look );
} )();
