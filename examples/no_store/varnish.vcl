# Varnish: caches an API (120 s where it does not say), but never its job routes, errors and 404s included.
# Try it: varnishd -F -j none -n /tmp/no-store -a 127.0.0.1:8080 -T none -f "$PWD/varnish.vcl"
# It listens on 8080, in front of an API on 8001.
vcl 4.1;

backend default {
    .host = "127.0.0.1";
    .port = "8001";
}

sub vcl_recv {
    unset req.http.X-Job-Route;
    # The end of the expression keeps /v1/jobs-old out.
    if (req.url ~ "^/(v1/jobs|api/v1/generation-jobs|ws/jobs)([/?]|$)") {
        set req.http.X-Job-Route = "yes";
        if (req.http.Upgrade ~ "(?i)websocket") {
            return (pipe);
        }
        if (req.method == "GET" || req.method == "HEAD") {
            # A 304 would tell the client to go on using what it has. (A write keeps its conditions.)
            unset req.http.If-None-Match;
            unset req.http.If-Modified-Since;
        }
        return (pass);
    }
}

sub vcl_backend_fetch {
    unset bereq.http.X-Job-Route;
}

sub vcl_pipe {
    unset bereq.http.X-Job-Route;
    if (req.http.Upgrade) {
        set bereq.http.Upgrade = req.http.Upgrade;
        set bereq.http.Connection = req.http.Connection;
    }
}

# Whatever the API says, caches further on must not store it either.
sub vcl_deliver {
    if (req.http.X-Job-Route) {
        set resp.http.Cache-Control = "no-store";
        set resp.http.CDN-Cache-Control = "no-store";
        set resp.http.Surrogate-Control = "no-store";
        unset resp.http.ETag;
        unset resp.http.Last-Modified;
        unset resp.http.Expires;
        unset resp.http.Age;
        unset resp.http.Pragma;
    }
}

sub vcl_synth {
    if (req.http.X-Job-Route) {
        set resp.http.Cache-Control = "no-store";
    }
}
