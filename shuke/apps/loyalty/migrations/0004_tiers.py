import django.db.models.deletion
import shuke.apps.loyalty.models.tiers
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('loyalty', '0003_earning'),
        ('members', '0002_merged_members'),
    ]

    operations = [
        migrations.CreateModel(
            name='TierProgram',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=shuke.apps.loyalty.models.tiers.new_program_id, editable=False, max_length=24, unique=True)),
                ('name', models.CharField(max_length=60)),
                ('created_at', models.DateTimeField()),
                ('placed_through', models.DateField(blank=True, null=True)),
                ('placed_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='TierTrial',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=shuke.apps.loyalty.models.tiers.new_trial_id, editable=False, max_length=24, unique=True)),
                ('terms', models.JSONField()),
                ('today', models.DateField()),
                ('cells', models.JSONField()),
                ('tried_at', models.DateTimeField()),
                ('tried_by', models.CharField(max_length=120)),
            ],
        ),
        migrations.CreateModel(
            name='TierVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=shuke.apps.loyalty.models.tiers.new_version_id, editable=False, max_length=24, unique=True)),
                ('number', models.PositiveIntegerField(blank=True, null=True)),
                ('valid_from', models.DateField(blank=True, null=True)),
                ('terms', models.JSONField()),
                ('note', models.CharField(blank=True, max_length=200)),
                ('created_at', models.DateTimeField()),
                ('changed_at', models.DateTimeField()),
                ('published_at', models.DateTimeField(blank=True, null=True)),
                ('published_by', models.CharField(blank=True, max_length=120)),
                ('program', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='loyalty.tierprogram')),
                ('tried', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='published', to='loyalty.tiertrial')),
            ],
        ),
        migrations.AddField(
            model_name='tiertrial',
            name='version',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='trials', to='loyalty.tierversion'),
        ),
        migrations.CreateModel(
            name='TierMembership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('tier', models.CharField(blank=True, max_length=24)),
                ('from_date', models.DateField()),
                ('through_date', models.DateField(blank=True, null=True)),
                ('why', models.CharField(choices=[('qualified', 'qualified'), ('kept', 'kept'), ('granted', 'granted'), ('invited', 'invited'), ('grace', 'grace'), ('downgraded', 'downgraded'), ('merged', 'merged')], max_length=10)),
                ('count', models.BigIntegerField()),
                ('recorded_at', models.DateTimeField()),
                ('member', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tier_memberships', to='members.member')),
                ('program', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to='loyalty.tierprogram')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to='loyalty.tierversion')),
            ],
        ),
        migrations.CreateModel(
            name='TierInvitation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(default=shuke.apps.loyalty.models.tiers.new_invitation_id, editable=False, max_length=24, unique=True)),
                ('tier', models.CharField(max_length=24)),
                ('first_date', models.DateField()),
                ('last_date', models.DateField()),
                ('reason', models.CharField(max_length=200)),
                ('actor', models.CharField(max_length=120)),
                ('created_at', models.DateTimeField()),
                ('taken_back_on', models.DateField(blank=True, null=True)),
                ('member', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tier_invitations', to='members.member')),
                ('program', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invitations', to='loyalty.tierprogram')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('last_date__gte', models.F('first_date'))), name='tier_invitation_order')],
            },
        ),
        migrations.CreateModel(
            name='TierStanding',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('tier', models.CharField(blank=True, max_length=24)),
                ('from_date', models.DateField(blank=True, null=True)),
                ('through_date', models.DateField(blank=True, null=True)),
                ('why', models.CharField(blank=True, max_length=10)),
                ('number', models.PositiveIntegerField(default=0)),
                ('counted_through', models.DateField()),
                ('count', models.BigIntegerField(default=0)),
                ('next_tier', models.CharField(blank=True, max_length=24)),
                ('to_reach', models.BigIntegerField(blank=True, null=True)),
                ('keep_count', models.BigIntegerField(blank=True, null=True)),
                ('to_keep', models.BigIntegerField(blank=True, null=True)),
                ('seen_facts', models.IntegerField(default=0)),
                ('seen_sum', models.BigIntegerField(default=0)),
                ('state', models.JSONField(default=dict)),
                ('member', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tier_standings', to='members.member')),
                ('program', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='standings', to='loyalty.tierprogram')),
            ],
            options={
                'indexes': [models.Index(fields=['program', 'tier'], name='tier_standings_by_tier')],
                'constraints': [models.UniqueConstraint(fields=('program', 'member'), name='tier_standing_once')],
            },
        ),
        migrations.CreateModel(
            name='TierTrialMove',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('tier_from', models.CharField(blank=True, max_length=24)),
                ('tier_to', models.CharField(blank=True, max_length=24)),
                ('count', models.BigIntegerField()),
                ('member', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='members.member')),
                ('trial', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='moves', to='loyalty.tiertrial')),
            ],
            options={
                'indexes': [models.Index(fields=['trial', 'tier_from', 'tier_to'], name='tier_moves_of_cell')],
                'constraints': [models.UniqueConstraint(fields=('trial', 'member'), name='tier_move_once')],
            },
        ),
        migrations.AddConstraint(
            model_name='tierversion',
            constraint=models.UniqueConstraint(fields=('program', 'number'), name='tier_version_number_once'),
        ),
        migrations.AddConstraint(
            model_name='tierversion',
            constraint=models.UniqueConstraint(condition=models.Q(('number', None)), fields=('program',), name='tier_one_draft_a_program'),
        ),
        migrations.AddConstraint(
            model_name='tierversion',
            constraint=models.CheckConstraint(condition=models.Q(('number', None), models.Q(('published_at__isnull', False), ('valid_from__isnull', False)), _connector='OR'), name='tier_version_published_whole'),
        ),
        migrations.AddIndex(
            model_name='tiermembership',
            index=models.Index(fields=['program', 'from_date'], name='tier_memberships_by_day'),
        ),
        migrations.AddConstraint(
            model_name='tiermembership',
            constraint=models.UniqueConstraint(fields=('program', 'member', 'number'), name='tier_membership_once'),
        ),
        migrations.AddConstraint(
            model_name='tiermembership',
            constraint=models.CheckConstraint(condition=models.Q(('through_date', None), ('through_date__gte', models.F('from_date')), _connector='OR'), name='tier_membership_order'),
        ),
    ]

