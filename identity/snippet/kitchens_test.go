package snippet_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"countersign/identity/snippet"
)

// kitchens :: framework → how its pages are made. The probe says whether its template
// engine is installed.
var kitchens = map[snippet.Framework]kitchen{
	snippet.Rails:   {[]string{"ruby"}, []string{"ruby", "-e", "require 'action_view'"}, cookRails, nil},
	snippet.ERB:     {[]string{"ruby"}, nil, cookERB, nil},
	snippet.Shopify: {[]string{"ruby"}, []string{"ruby", "-e", "require 'liquid'"}, cookShopify, nil},
	snippet.Laravel: {[]string{"php"}, []string{"php", "-r", "require '/usr/share/php/Illuminate/View/autoload.php';"}, cookLaravel, nil},
	snippet.PHPPage: {[]string{"php"}, nil, cookPHP, nil},
	snippet.Django:  {[]string{"/usr/bin/python3"}, []string{"/usr/bin/python3", "-c", "import django"}, cookDjango, nil},
	snippet.Flask:   {[]string{"/usr/bin/python3"}, []string{"/usr/bin/python3", "-c", "import flask"}, cookFlask, nil},
	snippet.Express: {[]string{"node"}, []string{"env", "NODE_PATH=/usr/share/nodejs", "node", "-e", "require('ejs')"}, cookExpress, nil},
	snippet.NextJS:  {[]string{"node", "esbuild"}, []string{"env", "NODE_PATH=/usr/share/nodejs", "node", "-e", "require('react-dom/server')"}, cookNext, nil},
	snippet.GoHTML:  {[]string{"go"}, nil, cookGo, nil},
	snippet.Spring:  {[]string{"javac", "java"}, []string{"ls", "/usr/share/java/unbescape.jar", "/usr/share/java/spring3-web.jar"}, cookSpring, thymeleaf},
	snippet.ASPNET:  {[]string{"mcs", "mono"}, []string{"ls", "/usr/lib/mono/4.5/System.Web.Razor.dll"}, cookRazor, nil},
}

// needEngine is need for a library.
func needEngine(t *testing.T, probe []string) {
	t.Helper()
	if len(probe) == 0 {
		return
	}
	out, err := exec.CommandContext(t.Context(), probe[0], probe[1:]...).CombinedOutput()
	switch {
	case err == nil:
	case strings.Contains(","+os.Getenv("SKIP")+",", ",snippets,"):
		t.Skipf("%s is not here, and SKIP leaves snippets out", probe)
	default:
		t.Fatalf("%s: %v %s: scripts/need.sh snippets installs it; SKIP=snippets leaves these tests out", probe, err, out)
	}
}

// place writes a shop's files below a folder of its own.
func place(t *testing.T, dir string, i int, s shop) string {
	t.Helper()
	folder := filepath.Join(dir, fmt.Sprintf("s%d", i))
	for _, p := range s.made.Parts {
		if !p.Add {
			write(t, filepath.Join(folder, p.File), p.Code)
		}
	}
	return folder
}

const rubyCrowd = `# encoding: utf-8
Visitor = Struct.new(:id, :email, :name)
def text(hex) [hex].pack('H*').force_encoding('UTF-8') end
CROWD = File.readlines('visitors').map { |l| l.strip == '-' ? nil : Visitor.new(*l.split.map { |x| text(x) }) }
`

func cookRails(t *testing.T, dir string, all []shop) []string {
	code := rubyCrowd + `require 'action_view'
require 'active_support/all'
module Rails
  def self.application; self; end
  def self.credentials; OpenStruct.new; end
end
require 'ostruct'
`
	for i, s := range all {
		place(t, dir, i, s)
		code += fmt.Sprintf(`helper = Module.new
helper.module_eval(File.read('s%[1]d/app/helpers/chat_helper.rb'))
view = Class.new(ActionView::Base.with_empty_template_cache) { include helper.const_get(:ChatHelper); attr_accessor :current_user }
`, i) + `CROWD.each do |visitor|
  page = view.new(ActionView::LookupContext.new(['s` + fmt.Sprint(i) + `/app/views']), {}, nil)
  page.current_user = visitor
  puts page.render(partial: 'layouts/chat').unpack1('H*')
end
`
	}
	write(t, filepath.Join(dir, "driver.rb"), code)
	return []string{"ruby", "-W0", "driver.rb"}
}

func cookERB(t *testing.T, dir string, all []shop) []string {
	code := rubyCrowd + "require 'erb'\n"
	for i, s := range all {
		place(t, dir, i, s)
		code += fmt.Sprintf(`site = Module.new { module_function; module_eval(File.read('s%[1]d/chat_proof.rb')); module_function :chat_customer, :%[2]s; def self.page(user) ERB.new(File.read('s%[1]d/chat.erb')).result(binding) end }
CROWD.each { |visitor| puts site.page(visitor).unpack1('H*') }
`, i, s.made.Function)
	}
	write(t, filepath.Join(dir, "driver.rb"), code)
	return []string{"ruby", "-W0", "driver.rb"}
}

// cookShopify adds one filter to Liquid: the one that Shopify's has. Its settings and its
// customer are what a theme is given.
func cookShopify(t *testing.T, dir string, all []shop) []string {
	code := rubyCrowd + `require 'liquid'
require 'openssl'
module Shopify
  def hmac_sha256(input, secret) OpenSSL::HMAC.hexdigest('SHA256', secret.to_s, input.to_s) end
end
Liquid::Template.register_filter(Shopify)
class Theme
  def initialize(folder) @folder = folder end
  def read_template_file(name) File.read("#{@folder}/snippets/#{name}.liquid") end
end
`
	for i, s := range all {
		place(t, dir, i, s)
		code += fmt.Sprintf(`theme = Liquid::Template.parse(%q, error_mode: :strict)
CROWD.each do |v|
  customer = v && { 'id' => v.id =~ /\A\d+\z/ ? v.id.to_i : v.id, 'email' => v.email, 'name' => v.name }
  # Customer and settings are global in a theme: a snippet that is rendered sees nothing else.
  context = Liquid::Context.build(static_environments: { 'customer' => customer, 'settings' => { 'chat_secret' => ENV['CHAT_SECRET'] } }, registers: { file_system: Theme.new('s%d') }, rethrow_errors: true)
  context.strict_filters = true
  page = theme.render!(context)
  puts page.unpack1('H*')
end
`, s.file(t, snippet.Wiring).Code, i)
	}
	write(t, filepath.Join(dir, "driver.rb"), code)
	return []string{"ruby", "-W0", "driver.rb"}
}

const phpCrowd = `<?php
ini_set('display_errors', 'stderr');
$crowd = array_map(fn ($l) => trim($l) === '-' ? null : array_combine(['id', 'email', 'name'], array_map('hex2bin', explode(' ', trim($l)))), file('visitors'));
`

func cookLaravel(t *testing.T, dir string, all []shop) []string {
	code := phpCrowd + `require '/usr/share/php/Illuminate/View/autoload.php';
final class Guard {
    public $user;
    public function guard() { return $this; }
    public function check() { return $this->user !== null; }
    public function user() { return $this->user; }
}
function auth() { static $guard; return $guard ??= new Guard(); }
function config($name) { return $name === 'services.chat.secret' ? getenv('CHAT_SECRET') : null; }
$blade = new Illuminate\View\Compilers\BladeCompiler(new Illuminate\Filesystem\Filesystem(), sys_get_temp_dir());
function show($php) { ob_start(); eval('?>' . $php); return ob_get_clean(); }
`
	for i, s := range all {
		folder := place(t, dir, i, s)
		class := s.file(t, snippet.Signing)
		write(t, filepath.Join(folder, class.File), strings.Replace(class.Code, `namespace App\Support;`, fmt.Sprintf(`namespace App\Support%d;`, i), 1))
		code += fmt.Sprintf(`require 's%[1]d/%[2]s';
$page = $blade->compileString(str_replace('App\\Support\\', 'App\\Support%[1]d\\', file_get_contents('s%[1]d/%[3]s')));
foreach ($crowd as $visitor) {
    auth()->user = $visitor ? (object) $visitor : null;
    echo bin2hex(show($page)), "\n";
}
`, i, class.File, s.file(t, snippet.Template).File)
	}
	write(t, filepath.Join(dir, "driver.php"), code)
	return []string{"php", "driver.php"}
}

func cookPHP(t *testing.T, dir string, all []shop) []string {
	code := phpCrowd
	for i, s := range all {
		folder := place(t, dir, i, s)
		for _, p := range s.made.Parts {
			head := fmt.Sprintf("<?php namespace s%d; ", i)
			text := head + "?>\n" + p.Code
			if p.Use == snippet.Signing {
				text = strings.Replace(p.Code, "<?php", head+"use RuntimeException;", 1)
			}
			write(t, filepath.Join(folder, p.File), text)
		}
		code += fmt.Sprintf("require 's%[1]d/chat_proof.php';\nforeach ($crowd as $user) { ob_start(); include 's%[1]d/chat.php'; echo bin2hex(ob_get_clean()), \"\\n\"; }\n", i)
	}
	write(t, filepath.Join(dir, "driver.php"), code)
	return []string{"php", "driver.php"}
}

const pythonCrowd = `import os, sys, importlib.util
class Visitor:
    is_authenticated = True
    def __init__(self, id, email, name):
        self.id = self.pk = id
        self.email, self.name = email, name
    def get_full_name(self):
        return self.name
CROWD = [None if l.strip() == "-" else Visitor(*[bytes.fromhex(x).decode("utf-8") for x in l.split()]) for l in open("visitors")]
def load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
`

func cookDjango(t *testing.T, dir string, all []shop) []string {
	code := pythonCrowd + `import django
from django.conf import settings
from django.template import engines
from django.template.backends.django import DjangoTemplates
settings.configure()
django.setup()
class Request:
    pass
`
	for i, s := range all {
		place(t, dir, i, s)
		// What is added to settings.py is run on settings of this shop's own.
		code += fmt.Sprintf(`TEMPLATES = [{"OPTIONS": {"context_processors": []}}]
exec(%[2]q)
settings.CHAT_SECRET = CHAT_SECRET
load("chat", "s%[1]d/chat.py")
django.template.engine.Engine.template_context_processors.func
engine = DjangoTemplates({"NAME": "s%[1]d", "DIRS": ["s%[1]d/templates"], "APP_DIRS": False, "OPTIONS": dict(TEMPLATES[0]["OPTIONS"])})
for visitor in CROWD:
    request = Request()
    request.user = visitor
    request.META = {}
    print(engine.get_template("chat.html").render({}, request).encode("utf-8").hex())
`, i, s.file(t, snippet.Configuration).Code)
	}
	write(t, filepath.Join(dir, "driver.py"), strings.ReplaceAll(code, "django.template.engine.Engine.template_context_processors.func\n", ""))
	return []string{"/usr/bin/python3", "driver.py"}
}

func cookFlask(t *testing.T, dir string, all []shop) []string {
	code := pythonCrowd + "import flask\n"
	for i, s := range all {
		place(t, dir, i, s)
		code += fmt.Sprintf(`load("chat", "s%[1]d/chat.py")
app = flask.Flask("s%[1]d", template_folder=os.path.abspath("s%[1]d/templates"))
class Nobody:
    is_authenticated = False
current_user = Nobody()
exec(%[2]q)
with app.test_request_context("/"):
    for visitor in CROWD:
        current_user = visitor or Nobody()
        print(flask.render_template("chat.html").encode("utf-8").hex())
`, i, s.file(t, snippet.Configuration).Code)
	}
	write(t, filepath.Join(dir, "driver.py"), code)
	return []string{"/usr/bin/python3", "driver.py"}
}

const nodeCrowd = `const fs = require('node:fs');
const text = (x) => Buffer.from(x, 'hex').toString();
const crowd = fs.readFileSync('visitors', 'utf8').trim().split('\n').map((l) => {
  if (l === '-') return null;
  const [id, email, name] = l.split(' ').map(text);
  return { id, email, name };
});
const print = (page) => console.log(Buffer.from(page).toString('hex'));
`

// cookExpress runs what is added to app.js on an app that keeps its one middleware, and
// the view by EJS.
func cookExpress(t *testing.T, dir string, all []shop) []string {
	code := nodeCrowd + "const ejs = require('ejs');\n"
	for i, s := range all {
		folder := place(t, dir, i, s)
		write(t, filepath.Join(folder, "app.js"), "const app = { use(f) { app.step = f; } };\n"+s.file(t, snippet.Wiring).Code+"module.exports = app;\n")
		code += fmt.Sprintf(`for (const user of crowd) {
  const res = { locals: {} };
  require('./s%[1]d/app.js').step({ user }, res, (error) => { if (error) throw error; });
  print(ejs.render(fs.readFileSync('s%[1]d/views/chat.ejs', 'utf8'), res.locals));
}
`, i)
	}
	write(t, filepath.Join(dir, "driver.js"), code)
	return []string{"node", "driver.js"}
}

// cookNext compiles the component, and renders it on the server by React itself.
func cookNext(t *testing.T, dir string, all []shop) []string {
	code := nodeCrowd + "const { createElement } = require('react');\nconst { renderToStaticMarkup } = require('react-dom/server');\n"
	for i, s := range all {
		folder := place(t, dir, i, s)
		run(t, folder, nil, "esbuild", "app/chat.tsx", "--bundle", "--platform=node", "--jsx=automatic", "--external:react", "--outfile=chat.js", "--log-level=error")
		code += fmt.Sprintf("for (const user of crowd) print(renderToStaticMarkup(createElement(require('./s%d/chat.js').Chat, { user })));\n", i)
	}
	write(t, filepath.Join(dir, "driver.js"), code)
	return []string{"node", "driver.js"}
}

func cookGo(t *testing.T, dir string, all []shop) []string {
	write(t, filepath.Join(dir, "go.mod"), "module shops\n\ngo 1.21\n")
	imports, body := "", ""
	for i, s := range all {
		place(t, dir, i, s)
		imports += fmt.Sprintf("\ts%d \"shops/s%d/chatproof\"\n", i, i)
		body += fmt.Sprintf("\tshow(\"s%[1]d/templates/chat.html\", s%[1]d.Customer)\n", i)
	}
	write(t, filepath.Join(dir, "main.go"), `package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"html/template"
	"os"
	"strings"
`+imports+`)

func text(x string) string { raw, _ := hex.DecodeString(x); return string(raw) }

func show(file string, customer func(id, email, name string) (map[string]string, error)) {
	page := template.Must(template.ParseFiles(file))
	crowd, _ := os.ReadFile("visitors")
	for _, line := range strings.Split(strings.TrimSpace(string(crowd)), "\n") {
		var data struct{ Chat map[string]string }
		if v := strings.Fields(line); len(v) == 3 {
			var err error
			if data.Chat, err = customer(text(v[0]), text(v[1]), text(v[2])); err != nil {
				panic(err)
			}
		}
		var out bytes.Buffer
		if err := page.Execute(&out, data); err != nil {
			panic(err)
		}
		fmt.Printf("%x\n", out.Bytes())
	}
}

func main() {
`+body+"}\n")
	return []string{"env", "GOTOOLCHAIN=local", "GOFLAGS=-mod=mod", "GOWORK=off", "go", "run", "."}
}

// cookSpring compiles against Spring itself; what Debian does not package of it, the
// annotation that names who is logged in, is declared here.
func cookSpring(t *testing.T, dir string, all []shop) []string {
	files := []string{"Main.java", "org/springframework/security/core/annotation/AuthenticationPrincipal.java"}
	write(t, filepath.Join(dir, files[1]), "package org.springframework.security.core.annotation;\nimport java.lang.annotation.*;\n@Retention(RetentionPolicy.RUNTIME) public @interface AuthenticationPrincipal {}\n")
	body := ""
	for i, s := range all {
		folder := fmt.Sprintf("s%d", i)
		for _, use := range []snippet.Use{snippet.Signing, snippet.Wiring} {
			p := s.file(t, use)
			file := filepath.Join(folder, filepath.Base(p.File))
			write(t, filepath.Join(dir, file), strings.Replace(p.Code, "package com.example.shop; // yours", "package "+folder+";", 1))
			files = append(files, file)
		}
		user := filepath.Join(folder, "AppUser.java")
		write(t, filepath.Join(dir, user), "package "+folder+";\npublic record AppUser(String id, String email, String name) {\n  String getId() { return id; }\n  String getEmail() { return email; }\n  String getName() { return name; }\n}\n")
		files = append(files, user)
		body += fmt.Sprintf(`    var beans%[1]d = new AnnotationConfigApplicationContext();
    beans%[1]d.getEnvironment().getPropertySources().addFirst(new PropertiesPropertySource("file", properties));
    beans%[1]d.register(PropertySourcesPlaceholderConfigurer.class, s%[1]d.ChatProof.class, s%[1]d.ChatAdvice.class);
    beans%[1]d.refresh();
    var advice%[1]d = beans%[1]d.getBean(s%[1]d.ChatAdvice.class);
    for (String[] v : crowd) {
      show(advice%[1]d.chat(v == null ? null : new s%[1]d.AppUser(v[0], v[1], v[2])));
    }
`, i)
	}
	write(t, filepath.Join(dir, "application.properties"), all[0].file(t, snippet.Configuration).Code)
	write(t, filepath.Join(dir, "Main.java"), `import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.support.PropertySourcesPlaceholderConfigurer;
import org.springframework.core.env.PropertiesPropertySource;
import org.unbescape.html.HtmlEscape;

public class Main {
  static String text(String hex) { return new String(HexFormat.of().parseHex(hex), StandardCharsets.UTF_8); }

  // Thymeleaf writes an attribute by this function.
  static void show(String chat) {
    String escaped = chat == null ? "-" : HtmlEscape.escapeHtml4Xml(chat);
    System.out.println(HexFormat.of().formatHex(escaped.getBytes(StandardCharsets.UTF_8)));
  }

  public static void main(String[] args) throws Exception {
    Properties properties = new Properties();
    properties.load(Files.newBufferedReader(Path.of("application.properties")));
    List<String[]> crowd = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of("visitors"))) {
      String[] v = line.split(" ");
      crowd.add(v.length < 3 ? null : new String[] {text(v[0]), text(v[1]), text(v[2])});
    }
`+body+"  }\n}\n")
	jars := []string{"unbescape", "spring3-core", "spring3-beans", "spring3-context", "spring3-web", "spring3-expression", "spring3-aop", "commons-logging"}
	for i, jar := range jars {
		jars[i] = "/usr/share/java/" + jar + ".jar"
	}
	path := strings.Join(jars, ":")
	run(t, dir, nil, "javac", append([]string{"-encoding", "UTF-8", "-cp", path, "-J-XX:TieredStopAtLevel=1", "-d", "out"}, files...)...)
	return []string{"java", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Dfile.encoding=UTF-8", "--add-opens", "java.base/java.lang=ALL-UNNAMED", "-cp", "out:" + path, "Main"}
}

// thymeleaf fills in the page as the engine does, which cannot be run here: of its
// attributes there are two, each printing the one value.
func thymeleaf(t *testing.T, s shop, escaped string) string {
	t.Helper()
	page := s.file(t, snippet.Template)
	const element = `<script th:if="${chat}" th:data-chat="${chat}">`
	if page.Unrun == "" || strings.Count(page.Code, "th:") != 2 || strings.Count(page.Code, element) != 1 || strings.Contains(page.Code, "[[") || strings.Contains(page.Code, "[(") {
		t.Fatalf("this is more of Thymeleaf than is known here:\n%s", page.Code)
	}
	before, after, _ := strings.Cut(page.Code, element)
	if escaped == "-" {
		_, after, _ = strings.Cut(after, "</script>")
		return before + after
	}
	return before + `<script data-chat="` + escaped + `">` + after
}

// cookRazor has Mono's Razor compile the views: a small program first turns them into C#.
func cookRazor(t *testing.T, dir string, all []shop) []string {
	write(t, filepath.Join(dir, "Razor.cs"), razor)
	run(t, dir, nil, "mcs", "-r:System.Web.Razor.dll", "-out:razor.exe", "Razor.cs")
	files, views, body := []string{"Driver.cs"}, []string{"razor.exe"}, ""
	for i, s := range all {
		folder := place(t, dir, i, s)
		for _, use := range []snippet.Use{snippet.Signing, snippet.Wiring} {
			p := s.file(t, use)
			write(t, filepath.Join(folder, p.File), fmt.Sprintf("namespace s%d\n{\n%s}\n", i, p.Code))
			files = append(files, filepath.Join(folder, p.File))
		}
		views = append(views, fmt.Sprintf("s%d/%s", i, s.file(t, snippet.Template).File), fmt.Sprintf("s%d", i))
		files = append(files, fmt.Sprintf("s%d.view.cs", i))
		body += fmt.Sprintf("        Show(new s%[1]d.ChatFilter(new s%[1]d.ChatProof(new Environment())), () => new s%[1]d.ChatView());\n", i)
	}
	run(t, dir, nil, "mono", views...)
	write(t, filepath.Join(dir, "Driver.cs"), strings.Replace(aspnet, "SHOPS", body, 1))
	run(t, dir, nil, "mcs", append([]string{"-codepage:utf8", "-out:driver.exe"}, files...)...)
	return []string{"mono", "driver.exe"}
}
