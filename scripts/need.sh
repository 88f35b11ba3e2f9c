#!/usr/bin/env bash
# Makes sure that the named parts are on this machine: go node gcc curl postgres chromium snippets wordpress.
# snippets are the languages whose signing code is run: ruby php python3 java mono elixir, and openssl for the shell,
# with the template engines of the frameworks whose pages are. wordpress is the blog itself, with MariaDB and PHP; nothing of
# it is started: micro-httpd, which runs nothing by itself, stands for the web server that the package asks for.
# As root on Debian what is missing is installed, and said; elsewhere it is listed and the script fails.
set -euo pipefail

has() {
  case "$1" in
    go | node | gcc | curl) command -v "$1" >/dev/null ;;
    postgres) command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null ;;
    snippets)
      for command in ruby php python3 javac java mcs mono elixir openssl esbuild; do command -v "$command" >/dev/null || return 1; done
      for file in /usr/share/php/Illuminate/View/autoload.php /usr/share/nodejs/{ejs,react-dom}/package.json \
        /usr/share/java/{unbescape,spring3-web}.jar /usr/lib/mono/4.5/System.Web.Razor.dll; do [ -e "$file" ] || return 1; done
      /usr/bin/python3 -c 'import django, flask' 2>/dev/null && ruby -e 'require "liquid"; require "action_view"' 2>/dev/null ;;
    wordpress)
      [ -e /usr/share/wordpress/wp-load.php ] && [ -e /usr/share/wordpress/wp-content/themes/twentytwentythree ] || return 1
      { command -v mariadbd || [ -x /usr/sbin/mariadbd ]; } >/dev/null && command -v mariadb php >/dev/null && php -m | grep -q mysqli ;;
    chromium) command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null ;;
  esac
}
debian() {
  case "$1" in
    go) echo golang ;; node) echo "nodejs npm" ;; gcc) echo "gcc libc6-dev" ;; curl) echo curl ;;
    snippets)
      echo "ruby php-cli python3 default-jdk-headless mono-mcs mono-runtime elixir openssl" \
        "ruby-actionview ruby-liquid php-illuminate-view python3-django python3-flask node-ejs node-react-dom esbuild" \
        "libspring-web-java libspring-context-java libunbescape-java libmono-system-web-razor2.0-cil" ;;
    wordpress) echo "wordpress wordpress-theme-twentytwentythree php php-cli php-cgi php-mysql mariadb-server-core mariadb-client-core micro-httpd netcat-traditional" ;;
    postgres) echo postgresql ;; chromium) echo "chromium fonts-noto-core fonts-noto-color-emoji" ;;
  esac
}

missing=()
for part in "$@"; do has "$part" || missing+=("$part"); done
[ ${#missing[@]} -eq 0 ] && exit 0

packages=()
for part in "${missing[@]}"; do read -ra names <<<"$(debian "$part")"; packages+=("${names[@]}"); done
if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  echo "Installing what is missing with apt-get: ${packages[*]}"
  export DEBIAN_FRONTEND=noninteractive
  # Debian's postgresql would make and start a cluster of its own; ours is private to the tests.
  if [[ " ${missing[*]} " == *" postgres "* ]] && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
  fi
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
  for part in "${missing[@]}"; do has "$part" || { echo "still missing after the installation: $part" >&2; exit 1; }; done
  exit 0
fi
echo "Missing on this machine: ${missing[*]}" >&2
echo "On Debian or Ubuntu: sudo apt-get install ${packages[*]}" >&2
echo "make test can leave parts out: SKIP=postgres,browser,snippets,sdk,wordpress make test" >&2
exit 1
