package compose

import (
	"strings"
	"testing"

	"nginx-lint/analyzer/source"
)

// TestAfter pins what a Dockerfile's RUN leaves of two files that its image, or a
// COPY before it, has put there.
func TestAfter(t *testing.T) {
	const pool, site = "/usr/local/etc/php-fpm.d/www.conf", "/etc/nginx/conf.d/default.conf"
	for _, test := range []struct{ run, pool, site string }{
		// what has nothing to do with them
		{"RUN apt-get update && apt-get install -y git && rm -rf /var/lib/apt/lists/*", "kept", "kept"},
		{"RUN docker-php-ext-install pdo_mysql && docker-php-ext-enable opcache", "kept", "kept"},
		{"RUN mv \"$PHP_INI_DIR/php.ini-production\" \"$PHP_INI_DIR/php.ini\"", "kept", "kept"},
		{"RUN curl -sS https://getcomposer.org/installer | php -- --install-dir=/usr/local/bin", "kept", "kept"},
		{"RUN --mount=type=cache,target=/root/.composer composer install --no-dev", "kept", "kept"},
		{"RUN chown -R www-data:www-data /etc/nginx /usr/local/etc", "kept", "kept"},
		{"RUN echo \"www.conf and default.conf\"", "kept", "kept"},
		{"RUN a2enmod rewrite", "kept", "kept"},
		{"RUN php bin/console cache:clear && ./vendor/bin/x && ./bin/console assets:install", "kept", "kept"},
		{"RUN cd /usr/src && tar xf x.tar && ./configure && make && make install", "kept", "kept"},
		{"RUN chmod +x /start.sh", "kept", "kept"},
		{"WORKDIR /var/www/html\nRUN rm -rf * && cp -r . /backup", "kept", "kept"},
		{"RUN echo x > $HOME/y", "kept", "kept"},
		{"RUN echo x > $HOME/default.conf", "kept", "changed"},
		{"ENV HOME=/root\nRUN cp x $HOME", "kept", "kept"},
		{"RUN echo x > /tmp/$Y.conf", "kept", "kept"},

		// edited, moved, removed
		{"RUN sed -i 's/127.0.0.1:9000/9000/' " + pool, "changed", "kept"},
		{"RUN sed -i 's/;a/b/; s/c/d/' " + pool, "changed", "kept"},
		{"RUN [\"sed\", \"-i\", \"s/a/b/\", \"" + pool + "\"]", "changed", "kept"},
		{"RUN echo 'listen = 9001' >> " + pool, "changed", "kept"},
		{"RUN { echo '[www]'; echo 'listen = 9001'; } > " + pool, "changed", "kept"},
		{"RUN { \\\n  echo '[www]'; \\\n  echo 'listen = 9001'; \\\n} | tee " + pool, "changed", "kept"},
		{"RUN printf '[www]\\nlisten = 9001\\n' | tee /usr/local/etc/php-fpm.d/zz.conf", "changed", "kept"},
		{"RUN cat <<EOF > " + site + "\nserver { listen 8080; }\nEOF", "kept", "changed"},
		{"RUN <<EOF\nsed -i s/80/8080/ " + site + "\nEOF", "kept", "changed"},
		{"RUN envsubst < /tmp/x > " + site, "kept", "changed"},
		{"RUN mv /tmp/x /etc/nginx/conf.d/", "kept", "changed"},
		{"RUN cp -r /tmp/nginx/* /etc/nginx/", "kept", "changed"},
		{"RUN rm " + site, "kept", "removed"},
		{"RUN rm -rf /etc/nginx/conf.d/*", "kept", "removed"},
		{"RUN test -e x || rm " + site, "kept", "changed"},
		{"RUN find /etc/nginx -name '*.conf' -exec sed -i s/80/8080/ {} +", "kept", "changed"},
		{"RUN sed -i s/a/b/ /etc/nginx/{conf.d,x}/*", "kept", "changed"},
		{"RUN ln -sf /srv/default.conf " + site, "kept", "changed"},

		// where it is done from
		{"WORKDIR /etc/nginx/conf.d\nRUN rm -f *", "kept", "changed"},
		{"WORKDIR /etc/nginx\nRUN sed -i s/80/8080/ conf.d/*.conf", "kept", "changed"},
		{"WORKDIR /etc/nginx\nRUN cp -r /tmp/x .", "kept", "changed"},
		{"RUN cd /usr/local/etc && sed -i s/a/b/ */*", "changed", "kept"},
		{"RUN cd \"$DIR\" && sed -i s/a/b/ *", "changed", "changed"},
		{"RUN cd /usr/local/etc && cd /tmp && sed -i s/a/b/ *", "kept", "kept"},

		// by a variable
		{"ENV CONF=" + pool + "\nRUN sed -i s/a/b/ $CONF", "changed", "kept"},
		{"ARG CONF=" + site + "\nRUN sed -i s/a/b/ ${CONF}", "kept", "changed"},
		{"ARG CONF\nRUN sed -i s/a/b/ \"$CONF\"", "changed", "changed"},
		{"RUN for f in a b; do sed -i s/a/b/ \"$f\"; done", "changed", "changed"},
		{"RUN sed -i s/a/b/ /etc/nginx/$X", "kept", "changed"},
		{"RUN sed -i s/a/b/ $(find /etc -name x)", "changed", "changed"},
		{"RUN docker-php-ext-install $EXTENSIONS", "kept", "kept"},

		// by what somebody has written
		{"RUN /build/setup.sh", "changed", "changed"},
		{"RUN chmod +x /setup && /setup", "changed", "changed"},
		{"RUN sh /tmp/setup", "changed", "changed"},
		{"RUN DEBUG=1 ./install", "changed", "changed"},
		{"RUN if true; then . ./env; fi", "changed", "changed"},
		{"RUN python3 configure.py", "changed", "changed"},
		{"RUN curl -fsSL https://deb.nodesource.com/setup_20.x | bash -", "kept", "kept"},
	} {
		d := readStage(source.NewFile("Dockerfile", "FROM php:8.4.17-fpm\n"+test.run+"\n"), &Build{Target: Value{Known: true}})
		for name, want := range map[string]string{pool: test.pool, site: test.site} {
			got := kept
			for _, r := range d.Runs {
				got = max(got, r.after(name))
			}
			if got := [...]string{"kept", "removed", "changed"}[got]; got != want {
				t.Errorf("%s is %s, not %s, after %q", name, got, want, strings.TrimSpace(test.run))
			}
		}
	}
}
